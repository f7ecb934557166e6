package fairway.files.base_image_test

import rego.v1

import data.fairway.files.base_image

messages(text) := {result.msg | some result in base_image.deny with input as parse_config("dockerfile", text)}

test_versions_stages_and_digests_pass if {
	count(messages("ARG V=1\nFROM golang:1.26 AS build\nFROM build AS more\nFROM a@sha256:aa\nFROM a:$V\nFROM scratch\n")) == 0
}

test_no_tag if messages("FROM registry:5000/debian\n") == {"the base image registry:5000/debian names no version"}

test_a_moving_tag if messages("FROM debian:latest\n") == {"the base image debian:latest names no version"}
