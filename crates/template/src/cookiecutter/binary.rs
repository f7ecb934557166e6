//! Which files are copied and not rendered, by the rules of binaryornot 0.6 as far as they matter here: a file that is
//! not UTF-8 cannot be rendered, so it is binary whatever it looks like.

/// Endings of names whose files are binary whatever is in them.
const EXTENSIONS: [&str; 138] = [
    "3ds", "7z", "aac", "accdb", "aif", "aiff", "alac", "ape", "arrow", "avi", "avif", "avro", "bin",
    "blend", "bmp", "bz2", "cab", "class", "com", "cr2", "cr3", "dae", "db", "dbf", "dll", "dmg", "dng",
    "doc", "docx", "dwf", "dwg", "dxb", "eot", "epub", "exe", "fbx", "fit", "fits", "flac", "flv", "fw",
    "gba", "gif", "glb", "gz", "hdf5", "heic", "heif", "ico", "img", "iso", "jar", "jfif", "jp2", "jpeg",
    "jpg", "jxl", "lz", "lz4", "lzma", "m4a", "m4v", "mat", "mdb", "mid", "midi", "mkv", "mobi", "mov",
    "mp3", "mp4", "mpeg", "mpg", "msi", "n64", "nds", "nef", "nes", "npy", "npz", "o", "odt", "ogg", "ogv",
    "opus", "orf", "otf", "pages", "pak", "parquet", "pcap", "pcapng", "pdf", "png", "ppt", "pptx", "psd",
    "pyc", "pyo", "qcow2", "rar", "raw", "rom", "sav", "sfc", "shp", "shx", "smc", "so", "sqlite", "sqlite3",
    "step", "stl", "stp", "tar", "tif", "tiff", "ttc", "ttf", "usdz", "vdi", "vhd", "vmdk", "wasm", "wav",
    "webm", "webp", "wma", "wmv", "woff", "woff2", "xcf", "xls", "xlsx", "xz", "z", "zip", "zst",
];

/// How files of well-known formats begin.
const SIGNATURES: [&[u8]; 56] = [
    b"\x00\x00\x00\x01Bud1",
    b"\x00\x00\x00\x18ftyp",
    b"\x00\x00\x00\x1cftypheic",
    b"\x00\x00\x01\x00",
    b"\x00\x01\x00\x00\x00",
    b"\x00asm",
    b"\x04\x22M\x18",
    b"\x1aE\xdf\xa3",
    b"\x1f\x8b\x08",
    b"!<arch>\x0a",
    b"%PDF-1.",
    b"(\xb5/\xfd",
    b"070701",
    b"7z\xbc\xaf'\x1c",
    b"8BPS",
    b"ARROW1",
    b"BC\xc0\xde",
    b"BM",
    b"BZh",
    b"GIF87a",
    b"GIF89a",
    b"ID3",
    b"II*\x00",
    b"MM\x00*",
    b"MThd",
    b"MZ",
    b"OTTO",
    b"Obj\x01",
    b"OggS",
    b"PACK",
    b"PAR1",
    b"PK\x03\x04",
    b"RIFF",
    b"RIFF\x00\x00\x00\x00WEBP",
    b"Rar!\x1a\x07",
    b"SQLite\x20format\x203\x00",
    b"]\x00\x00",
    b"bplist",
    b"dex\x0a",
    b"fLaC",
    b"wOF2",
    b"wOFF",
    b"\x7fELF",
    b"\x89PNG\x0d\x0a\x1a\x0a",
    b"\xa1\xb2\xc3\xd4",
    b"\xca\xfe\xba\xbe",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xfd7zXZ\x00",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfe\xed",
    b"\xff\x06\x00\x00sNaPpY",
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1",
];

/// How much of a file is looked at.
const CHUNK: usize = 512;

/// Whether the file is copied as it is.
pub fn is_binary(name: &str, bytes: &[u8]) -> bool {
    has_binary_extension(name) || std::str::from_utf8(bytes).is_err() || looks_binary(bytes)
}

fn has_binary_extension(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    !stem.is_empty() && EXTENSIONS.binary_search(&&*extension.to_lowercase()).is_ok()
}

/// Text is told by its control characters: none, or so many that they mean something and not most.
fn looks_binary(bytes: &[u8]) -> bool {
    let chunk = bytes.get(..CHUNK).unwrap_or(bytes);
    if chunk.is_empty() {
        return false;
    }
    if SIGNATURES.iter().any(|signature| chunk.starts_with(signature)) {
        return true;
    }
    let share = |count: usize| count as f64 / chunk.len() as f64;
    let control = chunk.iter().filter(|byte| **byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r')).count();
    let nothing = chunk.split(|byte| *byte == 0).count() - 1;
    if control == 0 {
        return false;
    }
    share(nothing) > 0.163_978 || share(control) <= 0.006_212 || share(control) > 0.45
}

#[cfg(test)]
mod tests {
    use super::is_binary;

    #[test]
    fn names_beginnings_and_control_characters_tell() {
        assert!(is_binary("logo.PNG", b"text"));
        assert!(is_binary("a/b.tar.gz", b""));
        assert!(!is_binary(".png", b"text"));
        assert!(!is_binary("empty", b""));
        assert!(is_binary("archive", b"PK\x03\x04rest"));
        assert!(is_binary("latin1.txt", b"caf\xe9"));
        assert!(!is_binary("utf8.txt", "café".as_bytes()));
        let mut text = vec![b'a'; 500];
        text.push(0x1b);
        assert!(is_binary("one-escape-in-500.txt", &text));
        assert!(!is_binary("colours.txt", b"\x1b[1mbold\x1b[0m\n"));
    }
}
