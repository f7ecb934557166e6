//! From a template to a form, and from what a browser sends to answers that are judged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "shared/fake_world.rs"]
mod fake_world;

use fairway_scaffold::{Widget, form, read_answers, validate, validate_page};
use fake_world::template;
use serde_json::{Value, json};

const SERVICE: &str = r"
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: service, title: A service}
spec:
  type: service
  parameters:
    - title: About
      required: [name, owner]
      properties:
        name: {title: Name, type: string, ui:field: EntityNamePicker, pattern: '^[a-z][a-z0-9-]{1,40}[a-z0-9]$', ui:autofocus: true}
        description: {title: Description, type: string, ui:widget: textarea, ui:options: {rows: 4}, ui:help: One sentence}
        owner: {title: Owner, type: string, ui:field: OwnerPicker, ui:options: {catalogFilter: {kind: Group}}}
        system: {title: System, type: string, ui:field: EntityPicker, ui:options: {catalogFilter: {kind: System}, defaultKind: System}}
    - title: Resources
      properties:
        database: {title: Database, type: string, enum: [none, postgresql], enumNames: [No database, PostgreSQL], default: none}
        replicas: {title: Replicas, type: integer, minimum: 1, maximum: 9, default: 2}
        public: {title: Public, type: boolean}
        environments:
          title: Environments
          type: array
          items: {type: string, enum: [staging, production]}
          uniqueItems: true
          minItems: 1
          default: [staging, production]
          ui:widget: checkboxes
        repoUrl: {title: Repository, type: string, ui:field: RepoUrlPicker, ui:options: {allowedHosts: [fairway]}}
        notes: {title: Notes, type: array, items: {type: string}}
        extra: {title: Extra, type: object}
      dependencies:
        database:
          oneOf:
            - properties: {database: {enum: [none]}}
            - properties:
                database: {enum: [postgresql]}
                size: {title: Size, type: string, enum: [small, large], default: small, ui:widget: radio}
                backups: {title: Backups, type: boolean, default: true}
              required: [size]
  steps: [{action: debug:log}]
";

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn messages(values: &Value) -> Vec<String> {
    let errors = validate(&template(SERVICE), values).unwrap_err();
    errors.into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
}

#[test]
fn widgets_follow_the_schema_and_dependencies_the_answers() {
    let template = template(SERVICE);
    let plain = form(&template, &json!({}), None);
    assert_eq!(plain.steps.len(), 2);
    let names: Vec<&str> = plain.steps[1].fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["database", "replicas", "public", "environments", "repoUrl", "notes", "extra"]);
    let name = plain.field("name").unwrap();
    assert!(name.required && name.autofocus && name.widget == Widget::EntityName);
    assert_eq!(plain.field("description").unwrap().widget, Widget::Textarea { rows: Some(4) });
    assert_eq!(plain.field("description").unwrap().help.as_deref(), Some("One sentence"));
    assert!(
        matches!(&plain.field("owner").unwrap().widget, Widget::OwnerPicker { filter, .. } if filter[0].wanted_kinds() == ["Group"])
    );
    assert!(
        matches!(&plain.field("database").unwrap().widget, Widget::Select { options } if options[1].label == "PostgreSQL")
    );
    assert_eq!(plain.field("database").unwrap().value, Some(json!("none")));
    assert!(plain.field("database").unwrap().refreshes);
    assert_eq!(plain.field("environments").unwrap().value, Some(json!(["staging", "production"])));
    assert_eq!(plain.field("notes").unwrap().widget, Widget::Lines);

    let with_database = form(&template, &json!({"database": "postgresql"}), None);
    let size = with_database.field("size").unwrap();
    assert!(size.required && matches!(size.widget, Widget::Radio { .. }));
    assert_eq!(size.value, Some(json!("small")));
}

#[test]
fn answers_come_typed_from_a_browsers_pairs() {
    let sent = pairs(&[
        ("name", "orders-api"),
        ("description", "Line one\r\nLine two"),
        ("system", ""),
        ("database", "postgresql"),
        ("size", "large"),
        ("replicas", "3"),
        ("environments", "staging"),
        ("repoUrl.host", "fairway"),
        ("repoUrl.owner", "acme"),
        ("repoUrl.repo", "orders-api"),
        ("notes", "a\r\n\r\nb"),
        ("extra", "x: {y: 1}"),
        ("unknown", "ignored"),
    ]);
    assert_eq!(
        read_answers(&template(SERVICE), None, &sent),
        json!({
            "name": "orders-api", "description": "Line one\nLine two", "database": "postgresql", "replicas": 3,
            "public": false, "environments": ["staging"], "repoUrl": "fairway?owner=acme&repo=orders-api",
            "notes": ["a", "b"], "extra": {"x": {"y": 1}}, "size": "large"
        })
    );
}

#[test]
fn silence_is_an_answer_only_where_the_person_looked() {
    let template = template(SERVICE);
    let first = read_answers(&template, Some(0), &pairs(&[("name", "x"), ("environments", "production")]));
    assert_eq!(first, json!({"name": "x", "environments": ["production"]}));
    let second = read_answers(&template, Some(1), &pairs(&[("name", "x"), ("replicas", "many")]));
    assert_eq!(second, json!({"name": "x", "replicas": "many", "public": false, "environments": []}));
    let ticked = read_answers(&template, Some(1), &pairs(&[("public", "false"), ("public", "on")]));
    assert_eq!(ticked["public"], json!(true));
}

#[test]
fn good_answers_come_back_complete() {
    let values =
        validate(&template(SERVICE), &json!({"name": "orders-api", "owner": "platform", "system": "shop"}))
            .unwrap();
    assert_eq!(
        values,
        json!({
            "name": "orders-api", "owner": "group:default/platform", "system": "system:default/shop",
            "database": "none", "replicas": 2, "environments": ["staging", "production"]
        })
    );
}

#[test]
fn messages_are_for_people() {
    assert_eq!(messages(&json!({})), ["name: Name is required", "owner: Owner is required"]);
    assert_eq!(
        messages(&json!({
            "name": "Orders Api", "owner": "a/b/c", "replicas": 12, "environments": [], "database": "oracle",
            "public": "maybe", "repoUrl": "github.com?owner=a&repo=b", "notes": [1], "extra": "text"
        })),
        [
            "name: Name must not hold a space; use letters, digits, \"-\", \"_\" and \".\"",
            "owner: Owner must name a group or user, for example group:default/platform",
            "repoUrl: Repository must be on fairway, not on github.com",
            "database: Database must be one of none, postgresql",
            "replicas: Replicas must be 9 or less",
            "public: Public must be yes or no (true or false)",
            "environments: Environments: choose at least one",
            "notes: Notes (entry 1) must be a text",
            "extra: Extra must be an object (as YAML or JSON)",
        ]
    );
    assert_eq!(
        messages(&json!({"name": "1orders", "owner": "platform"})),
        [
            "name: Name must begin with a lower-case letter, hold only lower-case letters, digits and \"-\", end with a lower-case letter or a digit and be 3 to 42 characters long"
        ]
    );
}

#[test]
fn unknown_fields_and_those_of_other_branches_are_refused() {
    assert_eq!(
        messages(&json!({"name": "abc", "owner": "a", "nmae": "x", "size": "small"})),
        [
            "nmae: \"nmae\" is not a field of this template; did you mean name?",
            "size: \"size\" is not asked for with these answers; leave it out"
        ]
    );
    assert!(validate(&template(SERVICE), &json!("text")).is_err());
}

#[test]
fn a_page_is_judged_alone() {
    let template = template(SERVICE);
    let errors = validate_page(&template, 0, &json!({"name": "abc", "replicas": 99})).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["owner"]);
    assert!(validate_page(&template, 0, &json!({"name": "abc", "owner": "a", "replicas": 99})).is_ok());
    let shown = form(&template, &json!({}), None).with_errors(&errors);
    assert_eq!(shown.field("owner").unwrap().error.as_deref(), Some("Owner is required"));
}

#[test]
fn secrets_never_become_answers() {
    let template = template(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: t}\nspec:\n  type: x\n  \
         parameters: {properties: {token: {type: string, ui:field: Secret}}}\n  steps: []\n",
    );
    assert_eq!(read_answers(&template, None, &pairs(&[("token", "s3cret")])), json!({"token": "******"}));
}

#[test]
fn hostile_schemas_and_answers_end_in_messages() {
    let template = template(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: t}\nspec:\n  type: x\n  \
         parameters:\n    $ref: '#'\n    required: true\n    properties: {a: {type: nonsense, required: true, pattern: '(', \
         enum: []}, b: {type: string, pattern: '^(a+)+$'}, c: 3}\n    dependencies: {a: 5}\n    oneOf: [1]\n  steps: []\n",
    );
    let _ = form(&template, &json!({"a": [[[]]]}), None);
    let _ = validate(&template, &json!({"a": 1, "b": format!("{}b", "a".repeat(40))}));
    let _ = read_answers(&template, None, &pairs(&[("a", "["), ("b", "\0")]));

    let bomb = fake_world::template(
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: t}\nspec:\n  type: x\n  \
         parameters:\n    definitions: {x: {type: object, properties: {a: {$ref: '#/definitions/x'}, b: {$ref: \
         '#/definitions/x'}}}}\n    properties: {x: {$ref: '#/definitions/x'}}\n  steps: []\n",
    );
    assert!(form(&bomb, &json!({}), None).steps[0].fields.len() <= 500);
    let _ = validate(&bomb, &json!({"x": {"a": {"b": 1}}}));
}
