//! Cabinets, as Microsoft describes them in [MS-CAB]: just enough to take a small file out of one.
//!
//! Understood is what is stored as it is or compressed by MSZIP. Of LZX and Quantum nothing is read. Checksums are not looked at:
//! what comes out is examined anyway.

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF},
};

/// How many files of a cabinet are looked at.
const MOST_FILES: usize = 16;
/// How far into a folder is read, in bytes as they were before they were compressed.
const FARTHEST: usize = 4 * 1024 * 1024;
/// The longest block, in bytes as they were before they were compressed.
const LONGEST_BLOCK: usize = 32 * 1024;

const SIGNATURE: &[u8] = b"MSCF";
const HEADER: usize = 36;
const PREVIOUS_CABINET: u16 = 1;
const NEXT_CABINET: u16 = 2;
const RESERVED_FIELDS: u16 = 4;
const STORED: u16 = 0;
const MSZIP: u16 = 1;
const MSZIP_BLOCK: &[u8] = b"CK";

/// A cabinet.
pub(crate) struct Cabinet<'a> {
    bytes: &'a [u8],
    folders: Vec<Folder>,
    files: Vec<Entry>,
    /// How many bytes stand between the head of a block and its data.
    reserved_in_block: usize,
}

/// Blocks that were compressed together, and hold any number of files one after the other.
struct Folder {
    first_block: usize,
    blocks: u16,
    compression: u16,
}

/// Where a file stands: in which folder, and where in what that holds.
struct Entry {
    folder: usize,
    start: usize,
    end: usize,
}

impl<'a> Cabinet<'a> {
    /// Reads what the cabinet says of itself; `None` if it is none, or breaks off.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(SIGNATURE) {
            return None;
        }
        let (folder_count, file_count, flags) = (short(bytes, 26)?, short(bytes, 28)?, short(bytes, 30)?);
        let mut at = HEADER;
        let (mut reserved_in_folder, mut reserved_in_block) = (0, 0);
        if flags & RESERVED_FIELDS != 0 {
            (reserved_in_folder, reserved_in_block) = (usize::from(*bytes.get(38)?), usize::from(*bytes.get(39)?));
            at += 4 + usize::from(short(bytes, 36)?);
        }
        for neighbour in [PREVIOUS_CABINET, NEXT_CABINET] {
            if flags & neighbour != 0 {
                at = after_text(bytes, after_text(bytes, at)?)?;
            }
        }
        let mut folders = Vec::new();
        for _ in 0..usize::from(folder_count).min(MOST_FILES) {
            folders.push(Folder {
                first_block: long(bytes, at)?,
                blocks: short(bytes, at + 4)?,
                compression: short(bytes, at + 6)?,
            });
            at += 8 + reserved_in_folder;
        }
        let mut files = Vec::new();
        at = long(bytes, 16)?;
        for _ in 0..usize::from(file_count).min(MOST_FILES) {
            let (size, start) = (long(bytes, at)?, long(bytes, at + 4)?);
            files.push(Entry { folder: usize::from(short(bytes, at + 8)?), start, end: start.checked_add(size)? });
            at = after_text(bytes, at + 16)?;
        }
        Some(Self { bytes, folders, files, reserved_in_block })
    }

    /// The files that can be read, in their order.
    pub(crate) fn files(&self) -> impl Iterator<Item = Vec<u8>> {
        self.files.iter().filter_map(|file| self.read(file))
    }

    fn read(&self, file: &Entry) -> Option<Vec<u8>> {
        let folder = self.folders.get(file.folder)?;
        if file.end > FARTHEST {
            return None;
        }
        let mut unpacked = Vec::new();
        let mut at = folder.first_block;
        let mut blocks = 0..folder.blocks;
        while unpacked.len() < file.end {
            blocks.next()?;
            let (packed, whole) = (usize::from(short(self.bytes, at + 4)?), usize::from(short(self.bytes, at + 6)?));
            if whole > LONGEST_BLOCK {
                return None;
            }
            let start = at + 8 + self.reserved_in_block;
            let data = self.bytes.get(start..start + packed)?;
            match folder.compression {
                STORED => unpacked.extend_from_slice(data),
                MSZIP => inflate(data.strip_prefix(MSZIP_BLOCK)?, &mut unpacked, whole)?,
                _ => return None,
            }
            at = start + packed;
        }
        unpacked.get(file.start..file.end).map(<[u8]>::to_vec)
    }
}

/// Appends what a block holds to what was before it, which it may refer to.
fn inflate(data: &[u8], unpacked: &mut Vec<u8>, whole: usize) -> Option<()> {
    let before = unpacked.len();
    unpacked.resize(before + whole, 0);
    let mut state = DecompressorOxide::new();
    let (status, _, written) = decompress(&mut state, data, unpacked, before, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
    (status == TINFLStatus::Done && written == whole).then_some(())
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))?;
    usize::try_from(number).ok()
}

/// Where the text that begins at `at` has ended.
fn after_text(bytes: &[u8], at: usize) -> Option<usize> {
    let length = bytes.get(at..)?.iter().position(|byte| *byte == 0)?;
    Some(at + length + 1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use cab::{CabinetBuilder, CompressionType};

    use super::*;

    /// A cabinet that another program's code has written.
    fn cabinet(files: &[(&str, &[u8])], compression: CompressionType) -> Vec<u8> {
        let mut builder = CabinetBuilder::new();
        let folder = builder.add_folder(compression);
        for (name, _) in files {
            folder.add_file(*name);
        }
        let mut writer = builder.build(std::io::Cursor::new(Vec::new())).unwrap();
        let mut rest = files.iter();
        while let Some(mut file) = writer.next_file().unwrap() {
            file.write_all(rest.next().unwrap().1).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn long_file() -> Vec<u8> {
        (0..100_000_u32).map(|at| (at.wrapping_mul(at) / 97) as u8).collect()
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let long = long_file();
        for compression in [CompressionType::None, CompressionType::MsZip] {
            let bytes = cabinet(&[("a.txt", b"words"), ("b.bin", &long), ("c.txt", b"")], compression);
            let files: Vec<_> = Cabinet::open(&bytes).unwrap().files().collect();
            assert!(files == [b"words".to_vec(), long.clone(), Vec::new()], "{compression:?}");
        }
    }

    #[test]
    fn whatever_is_broken_gives_less_and_never_a_panic() {
        let whole = cabinet(&[("a.bin", &long_file()), ("b.txt", b"words")], CompressionType::MsZip);
        for end in (0..whole.len()).step_by(151) {
            let files = Cabinet::open(&whole[..end]).map_or(0, |cabinet| cabinet.files().count());
            assert!(files < 2, "{end}");
        }
        for at in 0..whole.len().min(120) {
            for value in [0, 1, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                if let Some(cabinet) = Cabinet::open(&broken) {
                    assert!(cabinet.files().all(|file| file.len() <= FARTHEST));
                }
            }
        }
    }

    #[test]
    fn a_file_that_lies_too_far_in_is_left_alone() {
        let far = vec![0; FARTHEST];
        let bytes = cabinet(&[("a.bin", &far), ("b.txt", b"words")], CompressionType::MsZip);
        let files: Vec<_> = Cabinet::open(&bytes).unwrap().files().map(|file| file.len()).collect();
        assert_eq!(files, [FARTHEST]);
    }
}
