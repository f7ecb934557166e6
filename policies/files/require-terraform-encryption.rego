# METADATA
# title: Storage that Terraform makes is encrypted
# description: Disks and databases outlive their machines; what is encrypted is of no use to whoever finds one.
# custom:
#   severity: critical
#   fix: >-
#     Set the field that the finding names to true, and a key of your own where the resource takes one.
#   controls: [SOC2 CC6.1, SOC2 C1.1, PCI-DSS 3.5.1, "NSA-CISA hardening: Encryption"]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-terraform-encryption
#   example: |
#     Does not pass:
#
#     ```hcl
#     resource "aws_db_instance" "orders" {
#       storage_encrypted = false
#     }
#     ```
#
#     Passes:
#
#     ```hcl
#     resource "aws_db_instance" "orders" {
#       storage_encrypted = true
#     }
#     ```
package fairway.files.terraform_encryption

import rego.v1

import data.fairway.lib.terraform

# The field that says whether a resource is encrypted.
fields := {
	"aws_db_instance": "storage_encrypted",
	"aws_rds_cluster": "storage_encrypted",
	"aws_docdb_cluster": "storage_encrypted",
	"aws_ebs_volume": "encrypted",
	"aws_efs_file_system": "encrypted",
	"aws_elasticache_replication_group": "at_rest_encryption_enabled",
	"aws_redshift_cluster": "encrypted",
	"azurerm_mssql_managed_database": "transparent_data_encryption_enabled",
}

deny contains result if {
	some resource in terraform.resources
	field := fields[resource.type]
	terraform.is_known(resource, field)
	not is_on(object.get(resource.values, field, false))
	result := {"msg": sprintf("%s is not encrypted (%s)", [resource.name, field]), "path": terraform.place(resource, field)}
}

is_on(value) if value in {true, "true"}
