# METADATA
# title: Databases that Terraform makes keep a week of backups
# description: A replica follows every mistake within a second; only a backup knows what was there before.
# custom:
#   severity: high
#   fix: >-
#     Set backup_retention_period to 7 days or more, or enable point-in-time recovery.
#   controls: [SOC2 A1.2, PCI-DSS 9.4.1]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-terraform-backups
#   example: |
#     Does not pass:
#
#     ```hcl
#     resource "aws_db_instance" "orders" {
#       backup_retention_period = 0
#     }
#     ```
#
#     Passes:
#
#     ```hcl
#     resource "aws_db_instance" "orders" {
#       backup_retention_period = 14
#     }
#     ```
package fairway.files.terraform_backups

import rego.v1

import data.fairway.lib.terraform

retained := {"aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"}

deny contains result if {
	some resource in terraform.resources
	resource.type in retained
	not resource.values.replicate_source_db
	terraform.is_known(resource, "backup_retention_period")
	object.get(resource.values, "backup_retention_period", 0) < 7
	result := {
		"msg": sprintf("%s keeps its backups for less than a week", [resource.name]),
		"path": terraform.place(resource, "backup_retention_period"),
	}
}

deny contains result if {
	some resource in terraform.resources
	resource.type == "aws_dynamodb_table"
	terraform.is_known(resource, "point_in_time_recovery")
	not recovers(resource.values)
	result := {
		"msg": sprintf("%s cannot be recovered to a point in time", [resource.name]),
		"path": terraform.place(resource, "point_in_time_recovery"),
	}
}

recovers(values) if {
	some block in values.point_in_time_recovery
	block.enabled in {true, "true"}
}
