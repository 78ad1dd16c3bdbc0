#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Takes out of an installed environment what no service ever loads: the packages' own tests, headers, Arrow's network
# protocol, cloud storages and formats but CSV and Parquet, databases that are not PostgreSQL, colours for the source text of
# languages, symbols of debuggers, and libraries that are there under three names each. Libraries below *.libs were rewritten
# by auditwheel and most bear no stripping.
set -euo pipefail
shopt -s extglob
packages=$(echo "$1"/lib/python3*/site-packages)

find "$packages" -depth -type d -path '*/numpy/*' -name tests -exec rm -r {} +
rm -rf "$packages"/pyarrow/{tests,include,src} "$packages"/pyarrow/*{flight,arrow_s3,_s3fs,_gcsfs,_azurefs,_hdfs,cpp_tests,parquet_encryption}* \
    "$packages"/pyarrow/_{dataset,orc,substrait,feather,json,acero}* "$packages"/lxml/{includes,objectify*,html,isoschematron} \
    "$packages"/numpy/f2py "$packages"/sqlalchemy/testing "$packages"/sqlalchemy/dialects/{mysql,mssql,oracle,sqlite} \
    "$packages"/sqlalchemy/{orm,ext/!(__init__.py|compiler.py)} "$packages"/google/{api,cloud,logging,longrunning,type} \
    "$packages"/pygments/lexers/!(__init__|_mapping|python|special).py
# Of pictures none but PNG and JPEG are read, and no text is drawn.
rm -f "$packages"/PIL/_{avif,webp,imagingft,imagingcms,imagingtk}.* \
    "$packages"/pillow.libs/lib{avif,webp,sharpyuv,freetype,harfbuzz,lcms2,png,brotli}*
# Arrow's libraries are linked by libX.so.2600: libX.so and libX.so.2600.1.0 are the same file again.
for library in "$packages"/pyarrow/lib*.so.[0-9]*[0-9]; do
    for other in "${library%.so.*}.so" "$library".*; do
        if [ -f "$other" ] && cmp -s "$library" "$other"; then rm "$other"; fi
    done
done
# They are linked though nothing of them is used; LD_BIND_NOW=1 in the image's test would find what is.
unused=(libarrow_{substrait,dataset,acero}.so)
for library in "$packages"/pyarrow/{*.so,libarrow_python.so.*}; do
    [ -f "$library" ] || continue
    for needed in $(patchelf --print-needed "$library"); do
        for each in "${unused[@]}"; do
            case "$needed" in "$each".*) patchelf --remove-needed "$needed" "$library" ;; esac
        done
    done
done
for each in "${unused[@]}"; do rm -f "$packages"/pyarrow/"$each"*; done
find "$packages" -type f '(' -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' ')' -delete
find "$packages" '(' -name '*.so' -o -name '*.so.[0-9]*' ')' -type f -not -path '*.libs/*' -exec strip --strip-unneeded {} +
if [ -d "$packages"/pikepdf.libs ]; then strip --strip-unneeded "$packages"/pikepdf.libs/libqpdf*; fi
