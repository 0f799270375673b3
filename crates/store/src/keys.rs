//! One key per person, wrapped by a key from a file.
//!
//! Identity, contact and the whole text of secret reports are encrypted under the key of their person
//! (XChaCha20-Poly1305). The keys stand in a database of their own with backups of their own, kept at most 30 days:
//! erasing a key erases the person, from older backups of the city too. A key is durable before the row that uses
//! it; a key that nothing uses is harmless.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use pendopo_domain::reports::PersonId;
use pendopo_domain::time::{Entropy, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::backend::{Database, on_backend};
use crate::{Result, StoreError};

const NONCE_BYTES: usize = 24;

/// The key of the node, from a file; everything secret of a city is derived from it.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// The 32 bytes of the file.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The master key of one city: so one city's secrets say nothing about another's.
    pub fn for_city(&self, slug: &str) -> Self {
        Self(self.derive(&format!("city/{slug}")))
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut out = [0; 32];
        // 32 bytes are always a valid length for HKDF-SHA256, so expand cannot fail here.
        let _ = Hkdf::<Sha256>::new(Some(b"pendopo"), &self.0).expand(purpose.as_bytes(), &mut out);
        out
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

/// The opened key of one person.
#[derive(Clone)]
pub struct PersonKey {
    pub person: PersonId,
    key: [u8; 32],
}

impl PersonKey {
    /// Encrypts `text`. `place` says where it will stand, so that it cannot be moved to another row.
    pub fn seal(&self, place: &str, text: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
        encrypt(&self.key, place, text, entropy)
    }

    /// Decrypts what [`PersonKey::seal`] made for the same `place`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it was changed, moved, or sealed under another key.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        decrypt(&self.key, place, sealed)
    }
}

/// The keys of a city's reporters, and the secrets derived for the city itself.
pub struct Keys {
    database: Database,
    wrap: [u8; 32],
    links: [u8; 32],
}

impl Keys {
    pub(crate) fn new(database: Database, master: MasterKey) -> Self {
        Self {
            database,
            wrap: master.derive("wrap"),
            links: master.derive("links"),
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Makes a person with a key. Returns when the key is on disk.
    pub async fn create(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<PersonKey> {
        let mut id = [0; 16];
        let mut key = [0; 32];
        entropy.fill(&mut id);
        entropy.fill(&mut key);
        let person = PersonId(id.iter().map(|byte| format!("{byte:02x}")).collect());
        let wrapped = encrypt(&self.wrap, &person.0, &key, entropy)?;
        let row = person.0.clone();
        self.database
            .write(move |db| {
                Box::pin(async move {
                    on_backend!(db, |c| {
                        sqlx::query(
                            "INSERT INTO person_keys (person_id, wrapped, created_at) VALUES ($1, $2, $3)",
                        )
                        .bind(row)
                        .bind(wrapped)
                        .bind(now.micros())
                        .execute(c)
                        .await?;
                    });
                    Ok::<_, StoreError>(())
                })
            })
            .await?;
        Ok(PersonKey { person, key })
    }

    /// The key of a person; `None` once the person was erased.
    pub async fn open(&self, person: &PersonId) -> Result<Option<PersonKey>> {
        let mut db = self.database.read().await?;
        let wrapped: Option<(Vec<u8>,)> = on_backend!(&mut db, |c| {
            sqlx::query_as("SELECT wrapped FROM person_keys WHERE person_id = $1")
                .bind(&person.0)
                .fetch_optional(c)
                .await?
        });
        let Some((wrapped,)) = wrapped else {
            return Ok(None);
        };
        let key = decrypt(&self.wrap, &person.0, &wrapped)?;
        let key = key
            .try_into()
            .map_err(|_| StoreError::Corrupt("a person's key has the wrong length".into()))?;
        Ok(Some(PersonKey {
            person: person.clone(),
            key,
        }))
    }

    /// Erases a person: what was sealed for them can never be read again. Returns whether there was a key.
    pub async fn erase(&self, person: &PersonId) -> Result<bool> {
        let row = person.0.clone();
        let gone = self
            .database
            .write(move |db| {
                Box::pin(async move {
                    let gone = on_backend!(db, |c| {
                        sqlx::query("DELETE FROM person_keys WHERE person_id = $1")
                            .bind(row)
                            .execute(c)
                            .await?
                            .rows_affected()
                    });
                    Ok::<_, StoreError>(gone > 0)
                })
            })
            .await?;
        self.database.fold_log().await?;
        Ok(gone)
    }

    /// A signature over `text` for links that are given out: 16 bytes of HMAC-SHA256.
    pub fn sign(&self, text: &str) -> [u8; 16] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.links)
            .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(text.as_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        short
    }

    /// Whether `signature` is the one of `text`, compared in constant time.
    pub fn verify(&self, text: &str, signature: &[u8]) -> bool {
        self.sign(text).ct_eq(signature).into()
    }

    pub(crate) async fn integrity(&self) -> Result<Vec<String>> {
        self.database.integrity().await
    }

    pub(crate) async fn close(&self) {
        self.database.close().await;
    }
}

fn encrypt(key: &[u8; 32], place: &str, text: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let sealed = XChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: text,
                aad: place.as_bytes(),
            },
        )
        .map_err(|_| StoreError::Corrupt("a text could not be sealed".into()))?;
    Ok([&nonce[..], &sealed].concat())
}

fn decrypt(key: &[u8; 32], place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
    let broken = || StoreError::Corrupt("a sealed text does not open".into());
    let (nonce, text) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or_else(broken)?;
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: text,
                aad: place.as_bytes(),
            },
        )
        .map_err(|_| broken())
}
