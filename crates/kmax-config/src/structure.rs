//! The structural check: unknown keys, wrong types, unknown words and numbers out of bounds, all of
//! them at once, guided by the JSON Schema of the types that mirror the file.

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{Finding, Findings, integer};
use crate::path::{KeyPath, Step};
use crate::rules::Rule;
use crate::syntax::{did_you_mean, join_or, nearest, one_of};

/// What a value may be.
enum Shape<'s> {
    Words(Vec<&'s str>),
    Text { min_length: u64 },
    Integer { min: i128, max: i128 },
    Number,
    Boolean,
    List { items: &'s Json, min_items: u64 },
    Table(TableShape<'s>),
}

/// What a table may hold.
struct TableShape<'s> {
    properties: Option<&'s Map<String, Json>>,
    required: Vec<&'s str>,
    /// What its values are, where its keys are free.
    free: Option<&'s Json>,
}

impl Shape<'_> {
    fn describe(&self) -> String {
        match self {
            Self::Words(words) => one_of(words.iter().copied()),
            Self::Text { .. } => "a string".to_owned(),
            Self::Integer { .. } => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::List { .. } => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }

    fn takes(&self, value: &DeValue<'_>) -> bool {
        match value {
            DeValue::String(_) => matches!(self, Self::Words(_) | Self::Text { .. }),
            DeValue::Integer(_) => matches!(self, Self::Integer { .. } | Self::Number),
            DeValue::Float(_) => matches!(self, Self::Number),
            DeValue::Boolean(_) => matches!(self, Self::Boolean),
            DeValue::Datetime(_) => false,
            DeValue::Array(_) => matches!(self, Self::List { .. }),
            DeValue::Table(_) => matches!(self, Self::Table(_)),
        }
    }
}

/// A JSON Schema with its definitions.
pub(crate) struct Structure {
    schema: Json,
}

impl Structure {
    /// The structure of kmax.toml.
    pub(crate) fn of_config() -> Self {
        Self { schema: crate::schema::schema() }
    }

    /// The structure that a schema describes.
    pub(crate) fn of(schema: Json) -> Self {
        Self { schema }
    }

    /// Checks a whole document.
    pub(crate) fn check(&self, findings: &mut Findings<'_, '_>) {
        let root = KeyPath::root();
        if let Some(shape) = self.table_shape(&self.schema) {
            let document = findings.document();
            self.check_table(findings, &root, document.root(), &shape);
        }
    }

    fn resolve<'s>(&'s self, schema: &'s Json) -> &'s Json {
        let mut schema = schema;
        while let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            match reference.strip_prefix('#').and_then(|pointer| self.schema.pointer(pointer)) {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    fn shapes<'s>(&'s self, schema: &'s Json) -> Vec<Shape<'s>> {
        let schema = self.resolve(schema);
        let mut shapes = Vec::new();
        let mut words = Vec::new();
        self.collect(schema, &mut shapes, &mut words);
        if !words.is_empty() {
            shapes.insert(0, Shape::Words(words));
        }
        shapes
    }

    fn collect<'s>(
        &'s self,
        schema: &'s Json,
        shapes: &mut Vec<Shape<'s>>,
        words: &mut Vec<&'s str>,
    ) {
        let schema = self.resolve(schema);
        let branches = ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array());
        for branch in branches.flatten() {
            self.collect(branch, shapes, words);
        }
        if let Some(word) = schema.get("const").and_then(Json::as_str) {
            words.push(word);
            return;
        }
        if let Some(all) = schema.get("enum").and_then(Json::as_array) {
            words.extend(all.iter().filter_map(Json::as_str));
            return;
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("string") => {
                shapes.push(Shape::Text { min_length: unsigned(schema, "minLength") });
            }
            Some("integer") => {
                let (min, max) = bounds(schema);
                shapes.push(Shape::Integer { min, max });
            }
            Some("number") => shapes.push(Shape::Number),
            Some("boolean") => shapes.push(Shape::Boolean),
            Some("array") => {
                if let Some(items) = schema.get("items") {
                    shapes.push(Shape::List { items, min_items: unsigned(schema, "minItems") });
                }
            }
            Some("object") => shapes.extend(self.table_shape(schema).map(Shape::Table)),
            Some(_) | None => {}
        }
    }

    fn table_shape<'s>(&'s self, schema: &'s Json) -> Option<TableShape<'s>> {
        let schema = self.resolve(schema);
        (schema.get("type")?.as_str()? == "object").then(|| TableShape {
            properties: schema.get("properties").and_then(Json::as_object),
            required: schema
                .get("required")
                .and_then(Json::as_array)
                .map(|keys| keys.iter().filter_map(Json::as_str).collect())
                .unwrap_or_default(),
            free: schema.get("additionalProperties").filter(|schema| schema.is_object()),
        })
    }

    fn check_table(
        &self,
        findings: &mut Findings<'_, '_>,
        path: &KeyPath,
        table: &DeTable<'_>,
        shape: &TableShape<'_>,
    ) {
        let mut misspelt = Vec::new();
        for (key, value) in table {
            let at = path.key(key.get_ref());
            let key = key.get_ref().as_ref();
            let known = shape.properties.and_then(|properties| properties.get(key));
            match known.or(shape.free) {
                Some(schema) => self.check_value(findings, &at, value, schema),
                None => {
                    findings.push(self.unknown_key(path, key, value.get_ref(), shape));
                    misspelt.extend(nearest(key, shape.required.iter().copied()));
                }
            }
        }
        for key in &shape.required {
            if !table.contains_key(*key) && !misspelt.contains(key) {
                findings.push(missing_key(path, key));
            }
        }
    }

    fn check_value(
        &self,
        findings: &mut Findings<'_, '_>,
        path: &KeyPath,
        value: &Spanned<DeValue<'_>>,
        schema: &Json,
    ) {
        let shapes = self.shapes(schema);
        let Some(shape) = shapes.iter().find(|shape| shape.takes(value.get_ref())) else {
            findings.push(wrong_type(path, value.get_ref(), &shapes));
            return;
        };
        match (shape, value.get_ref()) {
            (Shape::Words(words), DeValue::String(text)) => {
                if !words.contains(&text.as_ref()) {
                    let free = shapes.iter().any(|shape| matches!(shape, Shape::Text { .. }));
                    if !free {
                        findings.push(unknown_word(path, text, words));
                    }
                }
            }
            (Shape::Text { min_length }, DeValue::String(text)) => {
                if (text.chars().count() as u64) < *min_length {
                    findings.push(
                        Finding::error(Rule::OutOfRange, format!("{} is empty", name(path)))
                            .at(path),
                    );
                }
            }
            (Shape::Integer { min, max }, DeValue::Integer(number)) => {
                let number_text = number.to_string();
                match integer(number) {
                    Some(number) if (*min..=*max).contains(&number) => {}
                    number => findings.push(out_of_range(path, &number_text, number, *min, *max)),
                }
            }
            (Shape::List { items, min_items }, DeValue::Array(array)) => {
                if (array.len() as u64) < *min_items {
                    findings.push(
                        Finding::error(Rule::OutOfRange, format!("{} is empty", name(path)))
                            .at(path)
                            .hint("name one at least"),
                    );
                }
                for (index, item) in array.iter().enumerate() {
                    self.check_value(findings, &path.index(index), item, items);
                }
            }
            (Shape::Table(shape), DeValue::Table(table)) => {
                self.check_table(findings, path, table, shape);
            }
            // A number of any kind, and a boolean, need no further check.
            (_, _) => {}
        }
    }

    fn unknown_key(
        &self,
        table: &KeyPath,
        key: &str,
        value: &DeValue<'_>,
        shape: &TableShape<'_>,
    ) -> Finding {
        let place = if table.is_root() { String::new() } else { format!(" in `{table}`") };
        let hint = trap(table, key, value)
            .or_else(|| self.suggest(key, shape))
            .or_else(|| self.elsewhere(table, key));
        let known = || {
            let keys = shape.properties.into_iter().flat_map(Map::keys).map(String::as_str);
            format!("the keys here are {}", one_of(keys).replace(" or ", " and "))
        };
        Finding::error(Rule::UnknownKey, format!("unknown key `{key}`{place}"))
            .at_key(&table.key(key))
            .hint(hint.unwrap_or_else(known))
    }

    /// A key near to the unknown one: in this table, or in a table within it.
    fn suggest(&self, key: &str, shape: &TableShape<'_>) -> Option<String> {
        let properties = shape.properties?;
        let near = nearest(key, properties.keys().map(String::as_str)).map(str::to_owned);
        let inner = || {
            properties.iter().find_map(|(outer, schema)| {
                let table = self.shapes(schema).into_iter().find_map(|shape| match shape {
                    Shape::Table(table) => table.properties,
                    _ => None,
                })?;
                table.contains_key(key).then(|| format!("{outer}.{key}"))
            })
        };
        inner().or(near).map(|candidate| format!("did you mean `{candidate}`?"))
    }

    /// The table of the file's root to which the key belongs.
    fn elsewhere(&self, table: &KeyPath, key: &str) -> Option<String> {
        let properties = self.schema.get("properties")?.as_object()?;
        if !table.is_root() && properties.contains_key(key) {
            return Some(format!("`{key}` stands at the top of the file: `[{key}]`"));
        }
        let in_team = matches!(table.steps(), [Step::Key(teams), ..] if teams == "teams");
        // What holds for pools is sought first, for it may stand in three places.
        let mut tables: Vec<_> = properties.iter().collect();
        tables.sort_by_key(|(name, _)| *name != "defaults");
        tables.into_iter().find_map(|(name, schema)| {
            let holds = self.table_shape(schema)?.properties?.contains_key(key);
            (holds && !(in_team && name == "defaults"))
                .then(|| format!("`{key}` is a key of `[{name}]`"))
        })
    }

    /// Whether the path of a key leads to a setting of `[defaults]`.
    ///
    /// # Errors
    /// The step that leads nowhere, and what it may have been meant to be.
    pub(crate) fn find_setting(&self, steps: &[String]) -> Result<(), Option<String>> {
        let mut shape =
            self.schema.pointer("/properties/defaults").and_then(|schema| self.table_shape(schema));
        let mut walked: Vec<&str> = Vec::new();
        for step in steps {
            let Some(table) = shape else { return Err(None) };
            let known = table.properties.and_then(|properties| properties.get(step));
            let Some(schema) = known.filter(|_| step != "unset").or(table.free) else {
                let keys = table.properties.into_iter().flat_map(Map::keys).map(String::as_str);
                let near = nearest(step, keys).map(|near| {
                    walked.push(near);
                    walked.join(".")
                });
                let inner = || self.suggest(step, &table).filter(|_| walked.is_empty());
                return Err(near.map(|near| format!("did you mean `{near}`?")).or_else(inner));
            };
            walked.push(step);
            shape = self.shapes(schema).into_iter().find_map(|shape| match shape {
                Shape::Table(table) => Some(table),
                _ => None,
            });
        }
        Ok(())
    }
}

fn unsigned(schema: &Json, key: &str) -> u64 {
    schema.get(key).and_then(Json::as_u64).unwrap_or(0)
}

/// The bounds of an integer: those that are said, and those of its type.
fn bounds(schema: &Json) -> (i128, i128) {
    let (type_min, type_max) = match schema.get("format").and_then(Json::as_str) {
        Some("uint8") => (0, i128::from(u8::MAX)),
        Some("uint16") => (0, i128::from(u16::MAX)),
        Some("uint32") => (0, i128::from(u32::MAX)),
        Some("uint64") => (0, i128::from(i64::MAX)),
        Some(_) | None => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    let said = |key: &str| schema.get(key).and_then(Json::as_i64).map(i128::from);
    (
        said("minimum").unwrap_or(type_min).max(type_min),
        said("maximum").unwrap_or(type_max).min(type_max),
    )
}

/// A path's last step as messages name it.
fn name(path: &KeyPath) -> String {
    match path.steps().last() {
        Some(Step::Key(key)) => format!("`{key}`"),
        Some(Step::Index(_)) => {
            format!("an element of {}", name(&path.parent()))
        }
        None => "the file".to_owned(),
    }
}

fn missing_key(table: &KeyPath, key: &str) -> Finding {
    let finding = if table.is_root() {
        let message = match key {
            "format" => "the key `format` is missing".to_owned(),
            _ => format!("the table `[{key}]` is missing"),
        };
        let hint = match key {
            "format" => "write `format = 1` at the top of the file".to_owned(),
            _ => "`kmax init` writes a commented file to start from".to_owned(),
        };
        Finding::error(Rule::MissingKey, message).hint(hint)
    } else {
        Finding::error(Rule::MissingKey, format!("the key `{key}` is missing in `{table}`"))
    };
    finding.at(table)
}

fn unknown_word(path: &KeyPath, text: &str, words: &[&str]) -> Finding {
    let hint = synonym(text)
        .filter(|word| words.contains(word))
        .map(|word| format!("did you mean `{word}`?"))
        .or_else(|| did_you_mean(text, words.iter().copied()))
        .unwrap_or_else(|| format!("write {}", one_of(words.iter().copied())));
    Finding::error(Rule::UnknownValue, format!("{} can't be `{text}`", name(path)))
        .at(path)
        .hint(hint)
}

/// The word that stands here for what others call otherwise.
fn synonym(text: &str) -> Option<&'static str> {
    let word = match text.to_ascii_lowercase().as_str() {
        "amd64" | "x64" | "x86" | "x86-64" | "intel" | "amd" => "x86_64",
        "aarch64" | "arm" | "graviton" => "arm64",
        "od" | "on_demand" | "on-demand" => "ondemand",
        "amazon-linux-2023"
        | "amazonlinux2023"
        | "amazon_linux_2023"
        | "al2023_x86_64_standard" => "al2023",
        "amazon-linux-2" | "amazonlinux2" | "al2_x86_64" => "al2",
        "ubuntu" => "ubuntu-24.04",
        "br" => "bottlerocket",
        "true" | "on" | "yes" => "managed",
        "false" | "no" | "none" | "disabled" => "off",
        _ => return None,
    };
    Some(word)
}

fn out_of_range(path: &KeyPath, text: &str, number: Option<i128>, min: i128, max: i128) -> Finding {
    let text = if text.len() > 24 { "too large a number" } else { text };
    let least = min.to_string();
    let bound = match number {
        Some(number) if number < min => format!("at least {least}"),
        Some(_) | None => format!("at most {max}"),
    };
    let hint = if max >= i128::from(u32::MAX) {
        format!("write a number of {bound}")
    } else {
        format!("write a number from {least} to {max}")
    };
    Finding::error(Rule::OutOfRange, format!("{} is {text}, it must be {bound}", name(path)))
        .at(path)
        .hint(hint)
}

fn wrong_type(path: &KeyPath, value: &DeValue<'_>, shapes: &[Shape<'_>]) -> Finding {
    let expected: Vec<String> = shapes.iter().map(Shape::describe).collect();
    let found = match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(array) if holds_tables(array) => "a list of tables",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let message = format!("{} must be {}, this is {found}", name(path), join_or(&expected));
    Finding::error(Rule::WrongType, message).at(path).maybe_hint(type_hint(path, value, shapes))
}

fn holds_tables(array: &toml::de::DeArray<'_>) -> bool {
    !array.is_empty() && array.iter().all(|item| item.get_ref().is_table())
}

/// What to write instead of a value of the wrong type.
fn type_hint(path: &KeyPath, value: &DeValue<'_>, shapes: &[Shape<'_>]) -> Option<String> {
    let text = shapes.iter().any(|s| matches!(s, Shape::Text { .. } | Shape::Words(_)));
    let number = shapes.iter().any(|s| matches!(s, Shape::Integer { .. } | Shape::Number));
    let boolean = shapes.iter().any(|s| matches!(s, Shape::Boolean));
    let list = shapes.iter().find_map(|shape| match shape {
        Shape::List { items, .. } => Some(*items),
        _ => None,
    });
    match value {
        DeValue::Integer(number) if text => Some(format!("write it in quotes: `\"{number}\"`")),
        DeValue::Float(number) if text => {
            Some(format!("write it in quotes: `\"{}\"`", number.as_str()))
        }
        DeValue::Boolean(boolean) if text => Some(format!("write it in quotes: `\"{boolean}\"`")),
        DeValue::String(word) if number && word.trim().parse::<i64>().is_ok() => {
            Some(format!("write it without quotes: `{}`", word.trim()))
        }
        DeValue::String(word) if boolean && matches!(word.as_ref(), "true" | "false") => {
            Some(format!("write it without quotes: `{word}`"))
        }
        DeValue::String(word) if list.is_some() => {
            Some(format!("write it as a list: `[{:?}]`", word.as_ref()))
        }
        DeValue::Table(table) if text => {
            // `memory.available = "100Mi"` without quotes is a table in a table.
            let mut key = path.last_key()?.to_owned();
            let mut table = table;
            while let Some((step, value)) = table.iter().next().filter(|_| table.len() == 1) {
                key = format!("{key}.{}", step.get_ref());
                match value.get_ref() {
                    DeValue::Table(inner) => table = inner,
                    _ => return Some(format!("write the key in quotes: `\"{key}\"`")),
                }
            }
            None
        }
        DeValue::Table(_) if list.is_some() => {
            let key = path.last_key().unwrap_or_default();
            Some(if path.steps().len() == 1 {
                format!("write the header with two brackets: `[[{key}]]`")
            } else {
                format!("write it as a list of tables: `{key} = [{{ ... }}]`")
            })
        }
        DeValue::Array(array) if holds_tables(array) && path.steps().len() == 1 => {
            Some(format!("write the header with one bracket: `[{}]`", path.last_key()?))
        }
        DeValue::Array(array) if text && array.len() == 1 => {
            Some("write it without the brackets".to_owned())
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

/// Hints for keys that people coming from elsewhere expect.
fn trap(table: &KeyPath, key: &str, value: &DeValue<'_>) -> Option<String> {
    let steps = table.steps();
    let in_teams = matches!(steps.first(), Some(Step::Key(first)) if first == "teams");
    if in_teams && steps.len() == 2 && value.is_table() && crate::spec::Spec::builtin(key).is_some()
    {
        return Some(format!("a pool stands under `[{table}.pools]`"));
    }
    if table.is_root() && matches!(key, "pools" | "pool" | "team" | "nodegroups" | "node_groups") {
        return Some("pools stand under their team: `[teams.TEAM.pools]`".to_owned());
    }
    if in_teams && steps.len() == 2 && matches!(key, "spec" | "adopt") {
        return Some(format!("`{key}` is a key of a pool, under `[{table}.pools]`"));
    }
    let words = match key {
        "desired" | "desired_capacity" | "desired_size" | "desiredCapacity" => {
            "desired capacity belongs to Cluster Autoscaler: write `min` and `max`"
        }
        "instance_type" | "instance_types" if in_teams => {
            "name the types in a spec, `[specs.NAME]`, and write `spec = \"NAME\"`"
        }
        "min_size" => "did you mean `min`?",
        "max_size" => "did you mean `max`?",
        "key_name" | "ssh_key" | "key_pair" => {
            "kmax sets no key pair: users and their keys stand under `[access.users]`"
        }
        "subnet_ids" => "did you mean `subnets`?",
        "vpc_id" => "did you mean `vpc`?",
        "availability_zones" | "zones" => "zones follow from `subnets`",
        "name" if in_teams => "the name is derived: its pattern is `cluster.pool_name`",
        "spot" => "did you mean `capacity_type = \"spot\"`?",
        "size" | "disk_size" | "size_gb" => "did you mean `volume.size_gib`?",
        "throughput" => "did you mean `throughput_mibps`?",
        _ => return None,
    };
    Some(words.to_owned())
}
