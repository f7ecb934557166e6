package fairway.files.terraform_encryption_test

import rego.v1

import data.fairway.files.terraform_encryption

messages(text) := {result.msg | some result in terraform_encryption.deny with input as parse_config("hcl2", text)}

plan(type, after) := {"resource_changes": [{"address": sprintf("%s.x", [type]), "type": type, "change": {"actions": ["create"], "after": after}}]}

test_encrypted if count(messages("resource \"aws_ebs_volume\" \"x\" { encrypted = true }")) == 0

test_decided_later if count(messages("resource \"aws_ebs_volume\" \"x\" { encrypted = var.on }")) == 0

test_silent if messages("resource \"aws_ebs_volume\" \"x\" {}") == {"aws_ebs_volume.x is not encrypted (encrypted)"}

test_in_a_plan if {
	count(terraform_encryption.deny) == 1 with input as plan("aws_db_instance", {"storage_encrypted": false})
	count(terraform_encryption.deny) == 0 with input as plan("aws_db_instance", {"storage_encrypted": true})
}
