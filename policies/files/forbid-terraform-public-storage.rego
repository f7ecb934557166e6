# METADATA
# title: No storage that Terraform makes is open to the internet
# description: A bucket or database with a public address is found within minutes by whoever scans for one.
# custom:
#   severity: critical
#   fix: >-
#     Make the list private, set publicly_accessible to false, and give every bucket an aws_s3_bucket_public_access_block with all four fields true.
#   controls: [SOC2 CC6.1, SOC2 CC6.6, PCI-DSS 1.4.4]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#forbid-terraform-public-storage
#   example: |
#     Does not pass:
#
#     ```hcl
#     resource "aws_s3_bucket_acl" "files" {
#       acl = "public-read"
#     }
#     ```
#
#     Passes:
#
#     ```hcl
#     resource "aws_s3_bucket_acl" "files" {
#       acl = "private"
#     }
#     ```
package fairway.files.terraform_public

import rego.v1

import data.fairway.lib.terraform

open_lists := {"public-read", "public-read-write", "authenticated-read", "website"}

deny contains result if {
	some resource in terraform.resources
	resource.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	resource.values.acl in open_lists
	result := {"msg": sprintf("%s opens the bucket (%s)", [resource.name, resource.values.acl]), "path": terraform.place(resource, "acl")}
}

deny contains result if {
	some resource in terraform.resources
	resource.type == "aws_s3_bucket_public_access_block"
	some field in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	terraform.is_known(resource, field)
	not object.get(resource.values, field, false) in {true, "true"}
	result := {"msg": sprintf("%s lets the public in (%s)", [resource.name, field]), "path": terraform.place(resource, field)}
}

deny contains result if {
	some resource in terraform.resources
	resource.values.publicly_accessible in {true, "true"}
	result := {"msg": sprintf("%s has a public address", [resource.name]), "path": terraform.place(resource, "publicly_accessible")}
}

deny contains result if {
	some resource in terraform.resources
	resource.type in {"google_storage_bucket_iam_member", "google_storage_bucket_iam_binding"}
	some member in array.concat([object.get(resource.values, "member", "")], object.get(resource.values, "members", []))
	member in {"allUsers", "allAuthenticatedUsers"}
	result := {"msg": sprintf("%s opens the bucket to %s", [resource.name, member]), "path": terraform.place(resource, "members")}
}

deny contains result if {
	some resource in terraform.resources
	resource.type == "azurerm_storage_account"
	resource.values.allow_nested_items_to_be_public in {true, "true"}
	result := {"msg": sprintf("%s lets containers be public", [resource.name]), "path": terraform.place(resource, "allow_nested_items_to_be_public")}
}
