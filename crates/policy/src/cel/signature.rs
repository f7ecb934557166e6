//! The functions that there are, with how many arguments they take.

use super::evaluate::Evaluator;
use super::fault::Outcome;
use super::value::Value;
use super::{
    collections, convert, encoders, format, kyverno, lists, math, named_format, network, quantity, regular,
    release, strings, time,
};

/// What a function does with its arguments, the operand of a method first.
pub(crate) type Run = for<'d> fn(&mut Evaluator<'d>, &[Value<'d>]) -> Outcome<'d>;

/// A function.
pub(crate) struct Function {
    name: &'static str,
    /// The fewest arguments, the operand of a method included.
    pub(crate) least: usize,
    /// The most arguments.
    pub(crate) most: usize,
    pub(crate) run: Run,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Whether a function is called on something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Free,
    Member,
}

const fn of(name: &'static str, least: usize, most: usize, run: Run) -> Function {
    Function { name, least, most, run }
}

const ANY: usize = 1000;

static FREE: &[Function] = &[
    of("size", 1, 1, collections::size),
    of("int", 1, 1, convert::int),
    of("uint", 1, 1, convert::uint),
    of("double", 1, 1, convert::to_double),
    of("string", 1, 1, convert::string),
    of("bool", 1, 1, convert::bool),
    of("bytes", 1, 1, convert::bytes),
    of("dyn", 1, 1, convert::dynamic),
    of("type", 1, 1, convert::type_of),
    of("matches", 2, 2, regular::matches),
    of("timestamp", 1, 1, time::timestamp),
    of("duration", 1, 1, time::duration),
    of("time.now", 0, 0, time::now),
    of("time.truncate", 2, 2, time::truncate),
    of("optional.of", 1, 1, collections::optional_of),
    of("optional.none", 0, 0, collections::optional_none),
    of("optional.ofNonZeroValue", 1, 1, collections::optional_of_non_zero),
    of("sets.contains", 2, 2, collections::set_contains),
    of("sets.equivalent", 2, 2, collections::set_equivalent),
    of("sets.intersects", 2, 2, collections::set_intersects),
    of("lists.range", 1, 1, lists::range),
    of("strings.quote", 1, 1, strings::quote),
    of("math.greatest", 1, ANY, math::greatest),
    of("math.least", 1, ANY, math::least),
    of("math.ceil", 1, 1, math::ceil),
    of("math.floor", 1, 1, math::floor),
    of("math.round", 1, 1, math::round),
    of("math.trunc", 1, 1, math::trunc),
    of("math.isNaN", 1, 1, math::is_nan),
    of("math.isInf", 1, 1, math::is_inf),
    of("math.isFinite", 1, 1, math::is_finite),
    of("math.abs", 1, 1, math::abs),
    of("math.sign", 1, 1, math::sign),
    of("math.sqrt", 1, 1, math::sqrt),
    of("math.bitAnd", 2, 2, math::bit_and),
    of("math.bitOr", 2, 2, math::bit_or),
    of("math.bitXor", 2, 2, math::bit_xor),
    of("math.bitNot", 1, 1, math::bit_not),
    of("math.bitShiftLeft", 2, 2, math::shift_left),
    of("math.bitShiftRight", 2, 2, math::shift_right),
    of("base64.encode", 1, 1, encoders::encode),
    of("base64.decode", 1, 1, encoders::decode),
    of("jsonpatch.escapeKey", 1, 1, encoders::escape_key),
    of("json.unmarshal", 1, 1, encoders::read_json),
    of("quantity", 1, 1, quantity::quantity),
    of("isQuantity", 1, 1, quantity::is_quantity),
    of("semver", 1, 2, release::semver),
    of("isSemver", 1, 2, release::is_semver),
    of("ip", 1, 1, network::ip),
    of("isIP", 1, 1, network::is_ip),
    of("ip.isCanonical", 1, 1, network::is_canonical),
    of("cidr", 1, 1, network::cidr),
    of("isCIDR", 1, 1, network::is_cidr),
    of("url", 1, 1, network::url),
    of("isURL", 1, 1, network::is_url),
    of("format.named", 1, 1, named_format::named),
    of("format.dns1123Label", 0, 0, named_format::dns_1123_label),
    of("format.dns1123Subdomain", 0, 0, named_format::dns_1123_subdomain),
    of("format.dns1035Label", 0, 0, named_format::dns_1035_label),
    of("format.dns1123LabelPrefix", 0, 0, named_format::dns_1123_label_prefix),
    of("format.dns1123SubdomainPrefix", 0, 0, named_format::dns_1123_subdomain_prefix),
    of("format.dns1035LabelPrefix", 0, 0, named_format::dns_1035_label_prefix),
    of("format.qualifiedName", 0, 0, named_format::qualified_name),
    of("format.labelValue", 0, 0, named_format::label_value),
    of("format.uri", 0, 0, named_format::uri),
    of("format.uuid", 0, 0, named_format::uuid),
    of("format.byte", 0, 0, named_format::byte),
    of("format.date", 0, 0, named_format::date),
    of("format.datetime", 0, 0, named_format::datetime),
    of("image", 1, 1, kyverno::image),
    of("isImage", 1, 1, kyverno::is_image),
    of("parseImageReference", 1, 1, kyverno::image),
    of("image.GetMetadata", 1, 1, kyverno::metadata),
    of("parseServiceAccount", 1, 1, kyverno::service_account),
    of("resource.Get", 3, 4, kyverno::get),
    of("resource.List", 2, 3, kyverno::list),
    of("globalContext.Get", 1, 2, kyverno::global_context),
    of("http.Get", 1, ANY, kyverno::http),
    of("http.Post", 1, ANY, kyverno::http),
    of("random", 0, 1, kyverno::random),
];

static MEMBERS: &[Function] = &[
    of("size", 1, 1, collections::size),
    of("contains", 2, 2, strings::contains),
    of("startsWith", 2, 2, strings::starts_with),
    of("endsWith", 2, 2, strings::ends_with),
    of("matches", 2, 2, regular::matches),
    of("find", 2, 2, regular::find),
    of("findAll", 2, 3, regular::find_all),
    of("charAt", 2, 2, strings::char_at),
    of("indexOf", 2, 3, strings::index_of),
    of("lastIndexOf", 2, 3, strings::last_index_of),
    of("lowerAscii", 1, 1, strings::lower),
    of("upperAscii", 1, 1, strings::upper),
    of("replace", 3, 4, strings::replace),
    of("split", 2, 3, strings::split),
    of("substring", 2, 3, strings::substring),
    of("trim", 1, 1, strings::trim),
    of("join", 1, 2, strings::join),
    of("reverse", 1, 1, strings::reverse),
    of("format", 2, 2, format::format),
    of("isSorted", 1, 1, lists::is_sorted),
    of("sum", 1, 1, lists::sum),
    of("min", 1, 1, lists::min),
    of("max", 1, 1, lists::max),
    of("slice", 3, 3, lists::slice),
    of("flatten", 1, 2, lists::flatten),
    of("distinct", 1, 1, lists::distinct),
    of("sort", 1, 1, lists::sort),
    of("first", 1, 1, lists::first),
    of("last", 1, 1, lists::last),
    of("hasValue", 1, 1, collections::has_value),
    of("value", 1, 1, collections::value),
    of("orValue", 2, 2, collections::or_value),
    of("or", 2, 2, collections::or),
    of("getFullYear", 1, 2, time::full_year),
    of("getMonth", 1, 2, time::month),
    of("getDate", 1, 2, time::date),
    of("getDayOfMonth", 1, 2, time::day_of_month),
    of("getDayOfWeek", 1, 2, time::day_of_week),
    of("getDayOfYear", 1, 2, time::day_of_year),
    of("getHours", 1, 2, time::hours),
    of("getMinutes", 1, 2, time::minutes),
    of("getSeconds", 1, 2, time::seconds),
    of("getMilliseconds", 1, 2, time::milliseconds),
    of("sign", 1, 1, quantity::sign),
    of("isInteger", 1, 1, quantity::is_integer),
    of("asInteger", 1, 1, quantity::as_integer),
    of("asApproximateFloat", 1, 1, quantity::as_float),
    of("add", 2, 2, quantity::add),
    of("sub", 2, 2, quantity::sub),
    of("isGreaterThan", 2, 2, quantity::is_greater),
    of("isLessThan", 2, 2, quantity::is_less),
    of("compareTo", 2, 2, quantity::compare_to),
    of("major", 1, 1, release::major),
    of("minor", 1, 1, release::minor),
    of("patch", 1, 1, release::patch),
    of("family", 1, 1, network::family),
    of("isUnspecified", 1, 1, network::is_unspecified),
    of("isLoopback", 1, 1, network::is_loopback),
    of("isLinkLocalMulticast", 1, 1, network::link_local_multicast),
    of("isLinkLocalUnicast", 1, 1, network::link_local_unicast),
    of("isGlobalUnicast", 1, 1, network::global_unicast),
    of("ip", 1, 1, network::ip),
    of("containsIP", 2, 2, network::contains_ip),
    of("containsCIDR", 2, 2, network::contains_cidr),
    of("masked", 1, 1, network::masked),
    of("prefixLength", 1, 1, network::prefix_length),
    of("getScheme", 1, 1, network::scheme),
    of("getHost", 1, 1, network::host),
    of("getHostname", 1, 1, network::hostname),
    of("getPort", 1, 1, network::port),
    of("getEscapedPath", 1, 1, network::escaped_path),
    of("getQuery", 1, 1, network::query),
    of("validate", 2, 2, named_format::validate),
    of("registry", 1, 1, kyverno::registry),
    of("repository", 1, 1, kyverno::repository),
    of("tag", 1, 1, kyverno::tag),
    of("digest", 1, 1, kyverno::digest),
    of("identifier", 1, 1, kyverno::identifier),
    of("containsDigest", 1, 1, kyverno::contains_digest),
    // What a user may do is known to the cluster only; `authorizer` itself says so.
    of("path", 2, 2, kyverno::authorization),
    of("group", 2, 2, kyverno::authorization),
    of("resource", 2, 2, kyverno::authorization),
    of("serviceAccount", 3, 3, kyverno::authorization),
    of("subresource", 2, 2, kyverno::authorization),
    of("namespace", 2, 2, kyverno::authorization),
    of("name", 2, 2, kyverno::authorization),
    of("fieldSelector", 2, 2, kyverno::authorization),
    of("labelSelector", 2, 2, kyverno::authorization),
    of("check", 2, 2, kyverno::authorization),
    of("allowed", 1, 1, kyverno::authorization),
    of("reason", 1, 1, kyverno::authorization),
    of("errored", 1, 1, kyverno::authorization),
    of("error", 1, 1, kyverno::authorization),
];

/// The function of a name.
pub(crate) fn find(name: &str, form: Form) -> Option<&'static Function> {
    let table = match form {
        Form::Free => FREE,
        Form::Member => MEMBERS,
    };
    table.iter().find(|function| function.name == name)
}
