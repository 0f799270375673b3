//! Who stands for a package, and until when: ed25519 in the format of minisign, which other programs read too.
//!
//! A city has one key, bound to its identity (`ID-21.72`). What is signed besides the bytes is the trusted comment: the
//! city, the blueprint, its version, the digest, and the days from when and until when it holds. Whether the key is that
//! of the city is for whoever gives the public key: the comment of a key file is trusted by nobody.

use std::io::Cursor;
use std::str::FromStr;

use jiff::Timestamp;
use minisign::{KeyPair, PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use pendopo_domain::blueprints::manifest::{SHIPPED, is_identity};
use pendopo_domain::blueprints::tree::digest;

use crate::package::Package;
use crate::words;

/// A key or a signature is some hundred bytes.
pub const MOST_BYTES: usize = 4_096;
const COMMENT: &str = "untrusted comment: ";
const KEY_OF: &str = "pendopo city ";

words!(
    /// Why a signature is not believed, or a key not used.
    Untrusted {
        UnreadableKey = "unreadable_key",
        UnreadableSignature = "unreadable_signature",
        OtherKey = "other_key",
        /// The bytes, or what is said of them, are not what was signed.
        Altered = "altered",
        Expired = "expired",
        NotYet = "not_yet",
        /// The comment is signed and does not say what one of ours says.
        OtherClaim = "other_claim",
        /// It belongs to another city, and only that one signs it.
        OtherCity = "other_city",
        BadIdentity = "bad_identity",
        /// The system gave no randomness.
        NoRandomness = "no_randomness",
    }
);

impl std::error::Error for Untrusted {}

/// What a city says of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// `ID-21.72`.
    pub city: String,
    pub blueprint: String,
    pub version: String,
    /// SHA-256 of the package.
    pub digest: String,
    pub created: Timestamp,
    pub expires: Timestamp,
}

/// The files of a new key.
pub struct KeyFiles {
    pub secret: String,
    pub public: String,
}

/// Makes a key for a city.
///
/// # Errors
/// [`Untrusted::BadIdentity`], [`Untrusted::NoRandomness`].
pub fn make_key(city: &str) -> Result<KeyFiles, Untrusted> {
    if !is_identity(city) {
        return Err(Untrusted::BadIdentity);
    }
    let pair = KeyPair::generate_unencrypted_keypair().map_err(|_| Untrusted::NoRandomness)?;
    let comment = format!("{KEY_OF}{city}");
    let secret = pair
        .sk
        .to_box(Some(&comment))
        .map_err(|_| Untrusted::UnreadableKey)?;
    Ok(KeyFiles {
        secret: secret.into_string(),
        public: format!("{COMMENT}{comment}\n{}\n", pair.pk.to_base64()),
    })
}

/// The identity that a key file says it is for.
pub fn identity(key: &str) -> Option<&str> {
    let comment = key.lines().next()?.strip_prefix(COMMENT)?;
    comment
        .strip_prefix(KEY_OF)
        .filter(|city| is_identity(city))
}

/// What people compare: the number of a public key, 16 hexadecimal digits.
///
/// # Errors
/// [`Untrusted::UnreadableKey`].
pub fn key_id(public: &str) -> Result<String, Untrusted> {
    Ok(number(public_key(public)?.keynum()))
}

fn number(bytes: &[u8]) -> String {
    bytes
        .iter()
        .rev()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

fn public_key(text: &str) -> Result<PublicKey, Untrusted> {
    if text.len() > MOST_BYTES {
        return Err(Untrusted::UnreadableKey);
    }
    PublicKeyBox::from_string(text)
        .and_then(PublicKeyBox::into_public_key)
        .map_err(|_| Untrusted::UnreadableKey)
}

/// Signs a package with the secret key file of a city.
///
/// # Errors
/// [`Untrusted`].
pub fn sign(
    secret: &str,
    package: &Package,
    created: Timestamp,
    expires: Timestamp,
) -> Result<String, Untrusted> {
    let city = identity(secret).ok_or(Untrusted::BadIdentity)?;
    let manifest = &package.blueprint.manifest;
    if !may_sign(city, manifest.namespace()) {
        return Err(Untrusted::OtherCity);
    }
    let key: SecretKey = SecretKeyBox::from_string(secret)
        .and_then(SecretKeyBox::into_unencrypted_secret_key)
        .map_err(|_| Untrusted::UnreadableKey)?;
    let claim = Claim {
        city: city.to_owned(),
        blueprint: manifest.id.clone(),
        version: manifest.version.clone(),
        digest: package.digest.clone(),
        created: whole_second(created),
        expires: whole_second(expires),
    };
    let comment = format!("{KEY_OF}{city}");
    let signed = minisign::sign(
        None,
        &key,
        Cursor::new(&package.bytes),
        Some(&claim.to_string()),
        Some(&comment),
    );
    Ok(signed.map_err(|_| Untrusted::NoRandomness)?.into_string())
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A blueprint of a city is signed by that city; what ships with Pendopo by whoever stands for it.
fn may_sign(city: &str, namespace: &str) -> bool {
    namespace == city || namespace == SHIPPED
}

/// What the holder of `public` says of these bytes.
///
/// # Errors
/// [`Untrusted`]: altered bytes, another key, a claim about something else, one that has expired.
pub fn verify(
    public: &str,
    signature: &str,
    package: &Package,
    now: Timestamp,
) -> Result<Claim, Untrusted> {
    let key = public_key(public)?;
    if signature.len() > MOST_BYTES {
        return Err(Untrusted::UnreadableSignature);
    }
    let signed =
        SignatureBox::from_string(signature).map_err(|_| Untrusted::UnreadableSignature)?;
    if signed.keynum() != key.keynum() {
        return Err(Untrusted::OtherKey);
    }
    minisign::verify(
        &key,
        &signed,
        Cursor::new(&package.bytes),
        true,
        false,
        false,
    )
    .map_err(|_| Untrusted::Altered)?;
    let comment = signed
        .trusted_comment()
        .map_err(|_| Untrusted::OtherClaim)?;
    let claim: Claim = comment.parse()?;
    let manifest = &package.blueprint.manifest;
    let same = claim.digest == digest(&package.bytes)
        && claim.blueprint == manifest.id
        && claim.version == manifest.version;
    if !same {
        return Err(Untrusted::OtherClaim);
    }
    if !may_sign(&claim.city, manifest.namespace()) {
        return Err(Untrusted::OtherCity);
    }
    // A key file says whose it is only to help: what it says must not be another city all the same.
    if identity(public).is_some_and(|city| city != claim.city) {
        return Err(Untrusted::OtherCity);
    }
    if now < claim.created {
        return Err(Untrusted::NotYet);
    }
    match now < claim.expires {
        true => Ok(claim),
        false => Err(Untrusted::Expired),
    }
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "pendopo-blueprint city={} blueprint={} version={} sha256={} created={} expires={}",
            self.city, self.blueprint, self.version, self.digest, self.created, self.expires
        )
    }
}

impl FromStr for Claim {
    type Err = Untrusted;

    fn from_str(text: &str) -> Result<Self, Untrusted> {
        let mut words = text.split(' ');
        let mut next = |name: &str| {
            let word = words.next()?;
            let (found, value) = word.split_once('=').unwrap_or((word, ""));
            (found == name).then_some(value)
        };
        let mut read = || {
            next("pendopo-blueprint")?;
            Some(Self {
                city: next("city").filter(|city| is_identity(city))?.to_owned(),
                blueprint: next("blueprint")?.to_owned(),
                version: next("version")?.to_owned(),
                digest: next("sha256")?.to_owned(),
                created: next("created")?.parse().ok()?,
                expires: next("expires")?.parse().ok()?,
            })
        };
        let claim = read().ok_or(Untrusted::OtherClaim)?;
        // One way to write it, and nothing behind it.
        match claim.to_string() == text {
            true => Ok(claim),
            false => Err(Untrusted::OtherClaim),
        }
    }
}
