# SPDX-License-Identifier: EUPL-1.2
"""Common first names in Germany, to find names without a form of address; those that are ordinary words too are left out."""

from __future__ import annotations

_NAMES = """
    Achim Adam Ahmed Aleksandra Alexander Alexandra Ali Alina Amelie Andrea Andreas Angela Angelika Anja Anke Anna Anne
    Annegret Annemarie Annett Annette Anni Antje Anton Antonia Arne Arthur Aylin Barbara Bastian Ben Benjamin Bernd
    Bernhard Bettina Birgit Björn Brigitte Bruno Carina Carl Carla Carmen Carola Carsten Charlotte Christa Christel
    Christian Christiane Christina Christine Christoph Clara Claudia Claus Cornelia Dagmar Daniel Daniela David Dennis
    Detlef Diana Dieter Dietmar Dirk Dominik Doreen Doris Dorothea Eberhard Eckhard Elena Elfriede Elias Elisabeth Elke
    Ella Emil Emilia Emilie Emily Emma Erich Erik Erna Erwin Esther Eva Fabian Fatima Fatma Felix Ferdinand Finn Florian
    Franz Franziska Frauke Frida Frieda Friederike Friedrich Fritz Gabriele Georg Gerald Gerd Gerda Gerhard Gertrud Gisela
    Gudrun Günter Günther Gustav Hannah Hannelore Hannes Hans Harald Hartmut Hassan Heidi Heike Heiko Heinrich Heinz Helena
    Helene Helga Helmut Hendrik Henning Henry Herbert Hermann Hildegard Holger Horst Hubert Ibrahim Ida Ilse Ines Inge
    Ingeborg Ingo Ingrid Irene Irina Irmgard Isabel Jakob Jan Jana Janina Jannik Jens Jessica Joachim Jochen Johann Johanna
    Johannes Jonas Jonathan Jörg Josef Judith Julia Julian Jürgen Jutta Karim Karin Karl Karla Karsten Katharina Kathrin
    Katja Katrin Kerstin Kevin Kirsten Klara Klaus Konrad Kristin Kurt Lara Lars Laura Lea Lena Leni Leon Leonie Lina Linda
    Lisa Lothar Louis Luca Luis Luisa Luise Lukas Lutz Magdalena Maik Maja Malte Mandy Manfred Manuel Manuela Marcel Marcus
    Mareike Margarete Margot Maria Marianne Marie Marina Mario Marion Markus Marlene Martha Martin Martina Marvin Mathias
    Mathilda Matthias Maximilian Mehmet Melanie Mia Michael Michaela Mike Mila Mohammed Monika Monique Moritz Mustafa Nadine
    Nadja Natalie Nico Nicole Niels Niklas Nils Nina Noah Norbert Olaf Oliver Oskar Otto Patricia Patrick Paul Paula Pauline
    Peggy Peter Petra Philipp Pia Rainer Ralf Ramona Raphael Rebecca Regina Reinhard Renate René Richard Rita Robert Roland
    Rolf Romy Ronald Ronny Rüdiger Rudolf Ruth Sabine Sabrina Sandra Sara Sarah Sascha Sebastian Siegfried Sigrid Silke
    Silvia Simon Simone Sofia Sonja Sophia Sophie Stefan Stefanie Steffen Stephan Stephanie Susann Susanne Sven Sylvia Tanja
    Tatjana Theo Theresa Thilo Thomas Thorsten Tilo Tim Timo Tina Tobias Tom Torsten Udo Ulrich Ulrike Ursula Uta Ute Uwe
    Vanessa Vera Verena Veronika Viktor Viktoria Vincent Volker Walter Waltraud Werner Wilfried Wilhelm Willi Wolfgang
    Yannick Yasmin Yusuf Yvonne
"""
FIRST_NAMES = frozenset(_NAMES.split())
