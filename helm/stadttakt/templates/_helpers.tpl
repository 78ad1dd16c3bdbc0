{{- define "stadttakt.labels" -}}
app.kubernetes.io/part-of: stadttakt
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "stadttakt.selector" . }}
{{- end }}

{{- define "stadttakt.monitoringLabels" -}}
{{ include "stadttakt.labels" . }}
{{- with .root.Values.monitoring.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "stadttakt.selector" -}}
app.kubernetes.io/name: {{ .name }}
stadttakt/release: {{ .root.Release.Name }}
{{- end }}

{{/* On which nodes a pod runs, and how important it is; beside the values' tolerations, those of its own. */}}
{{- define "stadttakt.scheduling" -}}
{{- with .root.Values.scheduling }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat ($.tolerations | default list) .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of every pod: whatever registry a cluster has, all images may come from it. */}}
{{- define "stadttakt.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "stadttakt.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "stadttakt.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.podSecurity.runAsUser }}
runAsGroup: {{ .Values.podSecurity.runAsUser }}
fsGroup: {{ .Values.podSecurity.runAsUser }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "stadttakt.city" -}}
- name: city
  {{- if .Values.city.volume }}
  {{- toYaml .Values.city.volume | nindent 2 }}
  {{- else }}
  configMap:
    name: {{ .Values.city.configMap }}
    items:
      {{- range .Values.city.files }}
      - {key: {{ replace "/" "__" . | quote }}, path: {{ . | quote }}}
      {{- end }}
  {{- end }}
{{- end }}

{{/* Where the portal is reached from outside; nothing where nobody reaches it. */}}
{{- define "stadttakt.portalUrl" -}}
{{ if .Values.portalUrl }}{{ .Values.portalUrl }}{{ else if .Values.ingress.enabled }}https://{{ .Values.ingress.host }}{{ end }}
{{- end -}}

{{/* Where the pages of ideas are reached from outside; nothing where nobody reaches them. */}}
{{- define "stadttakt.ideasUrl" -}}
{{- if .Values.ideasUrl -}}
{{ .Values.ideasUrl }}
{{- else if include "stadttakt.portalUrl" . -}}
{{ include "stadttakt.portalUrl" . }}/ideen
{{- else if .Values.mail.smtp -}}
{{ fail "mail.smtp needs ideasUrl or an ingress: mails tell the address of the status page" }}
{{- end -}}
{{- end -}}

{{/* Whom a client trusts: authorities of database and broker, each where a secret has one. */}}
{{- define "stadttakt.databaseCa" -}}
{{ .Values.database.caSecret | default (ternary "timescaledb-ca" "" .Values.database.bundled) }}
{{- end }}

{{- define "stadttakt.trustEnv" -}}
{{- if include "stadttakt.databaseCa" . }}
- {name: PGSSLMODE, value: verify-full}
- {name: PGSSLROOTCERT, value: /run/secrets/database-ca/ca.crt}
{{- end }}
{{- if .Values.broker.caSecret }}
- {name: STADTTAKT_MQTT_CA_FILE, value: /run/secrets/broker-ca/ca.crt}
{{- end }}
{{- end }}

{{- define "stadttakt.trustMounts" -}}
{{- if include "stadttakt.databaseCa" . }}
- {name: database-ca, mountPath: /run/secrets/database-ca, readOnly: true}
{{- end }}
{{- if .Values.broker.caSecret }}
- {name: broker-ca, mountPath: /run/secrets/broker-ca, readOnly: true}
{{- end }}
{{- end }}

{{- define "stadttakt.trustVolumes" -}}
{{- with include "stadttakt.databaseCa" . }}
- name: database-ca
  secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- with .Values.broker.caSecret }}
- name: broker-ca
  secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- end }}

{{/* The key of a service's database address: its own login's, or the one that all share. */}}
{{- define "stadttakt.databaseUrl" -}}
{{ ternary (printf "database-url.%s" (lower .service.prefix)) "database-url" .root.Values.database.ownLogins }}
{{- end -}}

{{/* Ways to database and broker: to the bundled ones' pods, else as the values say, and if they do not, by port. */}}
{{- define "stadttakt.toDatabase" -}}
{{- if .Values.database.bundled -}}
- to: [{podSelector: {matchLabels: {cnpg.io/cluster: timescaledb}}}]
  ports: [{port: 5432}]
{{- else if .Values.networkPolicies.egress.database -}}
{{ toYaml .Values.networkPolicies.egress.database }}
{{- else -}}
- ports: [{port: 5432}]
{{- end -}}
{{- end -}}

{{- define "stadttakt.toBroker" -}}
{{- if .Values.broker.bundled -}}
- to: [{podSelector: {matchLabels: {app.kubernetes.io/name: mosquitto, stadttakt/release: {{ .Release.Name }}}}}]
  ports: [{port: 1883}, {port: 8883}]
{{- else if .Values.networkPolicies.egress.broker -}}
{{ toYaml .Values.networkPolicies.egress.broker }}
{{- else -}}
- ports: [{port: 1883}, {port: 8883}]
{{- end -}}
{{- end -}}

{{/* What the owner's commands find among the secret files: the owner's address, and the passwords that `stadttakt logins` gives. */}}
{{- define "stadttakt.ownerSecrets" -}}
- {key: database-url, path: STADTTAKT_DATABASE_URL}
- {key: grafana-database-password, path: grafana-database-password}
{{- if .Values.database.ownLogins }}
{{- range .Values.services }}
- {key: database-password.{{ lower .prefix }}, path: database-password.{{ lower .prefix }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* What the secrets are called that the city folder names for a service, and so where they lie: sources, signing, or nothing. */}}
{{- define "stadttakt.handedIn" -}}
{{- $name := get (dict "UPLINK" "sources" "PARKING" "signing") .service.prefix -}}
{{- if and $name (get (get .root.Values $name) "secretName") }}{{ $name }}{{ end -}}
{{- end -}}

{{- define "stadttakt.secretFiles" -}}
/run/secrets/stadttakt{{ with include "stadttakt.handedIn" . }}:/run/{{ . }}{{ end }}
{{- end -}}

{{- define "stadttakt.handedInMount" -}}
{{- with include "stadttakt.handedIn" . }}
- {name: {{ . }}, mountPath: /run/{{ . }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "stadttakt.handedInVolume" -}}
{{- $values := .root.Values }}
{{- with include "stadttakt.handedIn" . }}
- name: {{ . }}
  secret: {secretName: {{ get (get $values .) "secretName" }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{/* What the bundled broker reads when it starts. */}}
{{- define "stadttakt.brokerFiles" -}}
mosquitto.conf: | {{- .root.Files.Get "files/mosquitto.conf" | nindent 2 }}
run.sh: | {{- .root.Files.Get "files/run.sh" | nindent 2 }}
listeners.conf: |
  {{- range .ports }}
  listener {{ .port }}
  {{- if eq .name "mqtts" }}
  certfile /mosquitto/tls/tls.crt
  keyfile /mosquitto/tls/tls.key
  tls_version tlsv1.2
  {{- end }}
  {{- end }}
{{- end -}}

{{/* What the proxy reads, as compose's does but for where the services are and where it listens; __ for / in a name. */}}
{{- define "stadttakt.proxyFiles" -}}
run.sh: | {{- .Files.Get "files/proxy/run.sh" | nindent 2 }}
nginx.conf: | {{- .Files.Get "files/proxy/nginx.conf" | nindent 2 }}
served.conf: | {{- .Files.Get "files/proxy/served.conf" | nindent 2 }}
place__services.conf: |
  # Addresses of Kubernetes' services stay what they are, so names are asked for once.
  {{- range $name, $service := .Values.services }}
  upstream {{ $service.path }} { server {{ $name }}:{{ $service.port }}; }
  {{- end }}
  map $service $upstream { default $service; }
place__plain.conf: |
  # Behind whoever ends TLS and says for whom a request is.
  server {
      listen 8081;
      {{- range .Values.proxy.trusted }}
      set_real_ip_from {{ . }};
      {{- end }}
      real_ip_header X-Forwarded-For;
      real_ip_recursive on;
      include served.conf;
  }
{{- if .Values.proxy.tls.secretName }}
place__tls.conf: | {{- .Files.Get "files/proxy/place/tls.conf" | nindent 2 }}
{{- end }}
{{- end -}}
