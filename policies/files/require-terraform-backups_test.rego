package fairway.files.terraform_backups_test

import rego.v1

import data.fairway.files.terraform_backups

messages(text) := {result.msg | some result in terraform_backups.deny with input as parse_config("hcl2", text)}

plan(type, after) := {"resource_changes": [{"address": sprintf("%s.x", [type]), "type": type, "change": {"actions": ["create"], "after": after}}]}

test_kept if count(messages("resource \"aws_db_instance\" \"x\" { backup_retention_period = 14 }")) == 0

test_short if {
	messages("resource \"aws_db_instance\" \"x\" { backup_retention_period = 1 }") == {"aws_db_instance.x keeps its backups for less than a week"}
}

test_a_replica_has_its_source if count(messages("resource \"aws_db_instance\" \"x\" { replicate_source_db = \"y\" }")) == 0

test_tables if {
	count(messages("resource \"aws_dynamodb_table\" \"x\" {\n point_in_time_recovery { enabled = true }\n}")) == 0
	count(messages("resource \"aws_dynamodb_table\" \"x\" {}")) == 1
}

test_in_a_plan if count(terraform_backups.deny) == 1 with input as plan("aws_rds_cluster", {})
