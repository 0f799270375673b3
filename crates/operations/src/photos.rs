//! Photos: read with limits, EXIF read and then gone, made upright, re-encoded in two sizes, stored.
//!
//! What comes in is never stored as it came. A picture of a secret report is sealed under its person's key.

use std::io::Cursor;

use exif::{In, Tag};
use image::{DynamicImage, ImageDecoder, ImageReader};
use pendopo_domain::geo::Position;
use pendopo_store::keys::PersonKey;
use pendopo_store::media::Picture;
use pendopo_store::photos::{self as rows, Photo};
use tokio::sync::Semaphore;

use crate::{City, Error, Invalid, Problem, Result, limits, links};

/// Pictures decoded at the same time in this process: each may need 150 MB for a moment.
static DECODING: Semaphore = Semaphore::const_new(2);

/// A photo that was read: upright, without metadata, in two sizes.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub width: u32,
    pub height: u32,
    large: Vec<u8>,
    small: Vec<u8>,
    /// Where the camera says it was taken. Given back to the sender as a suggestion, never stored.
    pub taken_at: Option<Position>,
}

/// Reads a JPEG, PNG or WebP and makes what will be stored.
///
/// # Errors
/// [`Error::Invalid`] on field `photo`: not a picture, too many bytes, too many pixels.
pub async fn prepare(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Prepared> {
    if bytes.as_ref().len() > limits::PHOTO_BYTES {
        return Err(Invalid::one(
            "photo",
            Problem::TooManyBytes {
                most: limits::PHOTO_BYTES,
            },
        ));
    }
    let place = DECODING.acquire().await;
    let reading = move || {
        // Held until the picture is read, even when nobody waits for it any more.
        let _place = place;
        read(bytes.as_ref())
    };
    tokio::task::spawn_blocking(reading)
        .await
        .unwrap_or_else(|_| Err(Invalid::one("photo", Problem::NotAPicture)))
}

fn read(bytes: &[u8]) -> Result<Prepared> {
    let not_a_picture = || Invalid::one("photo", Problem::NotAPicture);
    let mut decoder = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| not_a_picture())?
        .into_decoder()
        .map_err(|_| not_a_picture())?;
    let (width, height) = decoder.dimensions();
    // Deep colours take up to eight bytes a pixel where a photo takes three.
    let too_heavy = decoder.total_bytes() > 4 * limits::PHOTO_PIXELS;
    if too_heavy || u64::from(width) * u64::from(height) > limits::PHOTO_PIXELS {
        return Err(Invalid::one(
            "photo",
            Problem::TooManyPixels {
                most: limits::PHOTO_PIXELS,
            },
        ));
    }
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| not_a_picture())?;
    picture.apply_orientation(orientation);
    let large = shrink(&picture, limits::PHOTO_LARGE);
    let small = shrink(&large, limits::PHOTO_SMALL);
    Ok(Prepared {
        width: large.width(),
        height: large.height(),
        large: jpeg(&large, 80).ok_or_else(not_a_picture)?,
        small: jpeg(&small, 72).ok_or_else(not_a_picture)?,
        taken_at: camera_position(bytes),
    })
}

fn shrink(picture: &DynamicImage, longest: u32) -> DynamicImage {
    let shrunk = if picture.width().max(picture.height()) > longest {
        picture.resize(longest, longest, image::imageops::FilterType::Triangle)
    } else {
        picture.clone()
    };
    DynamicImage::ImageRgb8(shrunk.into_rgb8())
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.write_with_encoder(encoder).ok()?;
    Some(bytes)
}

/// EXIF GPS position (Exif 2.32 §4.6.6), if the file carries one.
fn camera_position(bytes: &[u8]) -> Option<Position> {
    let exif = exif::Reader::new()
        .read_from_container(&mut Cursor::new(bytes))
        .ok()?;
    let degrees = |value: Tag, reference: Tag, negative: char| {
        let field = exif.get_field(value, In::PRIMARY)?;
        let exif::Value::Rational(parts) = &field.value else {
            return None;
        };
        let [d, m, s] = parts.get(..3)? else {
            return None;
        };
        let sign = exif
            .get_field(reference, In::PRIMARY)
            .filter(|field| field.display_value().to_string().starts_with(negative))
            .map_or(1.0, |_| -1.0);
        Some(sign * (d.to_f64() + m.to_f64() / 60.0 + s.to_f64() / 3600.0))
    };
    let lat = degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, 'S')?;
    let lon = degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, 'W')?;
    // Cameras without a fix write zeros.
    Position::new(lon, lat).filter(|at| at.lon() != 0.0 || at.lat() != 0.0)
}

/// Stores a prepared photo, sealed under `key` if given. Returns its row, which the caller stores with the report.
///
/// # Errors
/// When the picture could not be made durable.
pub async fn store(
    city: &City,
    photo: &Prepared,
    kind: &str,
    key: Option<&PersonKey>,
) -> Result<Photo> {
    let pictures = [
        ("large", photo.large.as_slice()),
        ("small", photo.small.as_slice()),
    ];
    store_pictures(
        city,
        (photo.width.into(), photo.height.into()),
        pictures,
        kind,
        key,
    )
    .await
}

async fn store_pictures(
    city: &City,
    (width, height): (i64, i64),
    sizes: [(&'static str, &[u8]); 2],
    kind: &str,
    key: Option<&PersonKey>,
) -> Result<Photo> {
    let (id, now) = (links::random_id(city.entropy()), city.now());
    let mut pictures = Vec::new();
    for (size, bytes) in sizes {
        let bytes = match key {
            Some(key) => key.seal(&place(&id, size), bytes, city.entropy())?,
            None => bytes.to_vec(),
        };
        pictures.push(Picture {
            size,
            content_type: "image/jpeg",
            bytes,
        });
    }
    city.store().media().put(id.clone(), pictures, now).await?;
    Ok(Photo {
        id,
        report_id: None,
        kind: kind.to_owned(),
        width,
        height,
        person_id: key.map(|key| key.person.0.clone()),
        created_at: now.micros(),
    })
}

/// Stores a waiting photo anew, sealed under `key`, because its report turned out to be secret. `None` when it does not
/// wait any more. The caller removes the plain one once the report is stored.
///
/// # Errors
/// When the picture could not be made durable.
pub(crate) async fn seal_kept(city: &City, id: &str, key: &PersonKey) -> Result<Option<Photo>> {
    let found = rows::by_id(&mut city.store().read().await?, id).await?;
    let Some(row) = found.filter(|row| row.report_id.is_none()) else {
        return Ok(None);
    };
    let media = city.store().media();
    let (Some((_, large)), Some((_, small))) =
        (media.get(id, "large").await?, media.get(id, "small").await?)
    else {
        return Ok(None);
    };
    let pictures = [("large", large.as_slice()), ("small", small.as_slice())];
    Ok(Some(
        store_pictures(
            city,
            (row.width, row.height),
            pictures,
            &row.kind,
            Some(key),
        )
        .await?,
    ))
}

/// Stores a photo that waits for its report, because the rest of the form has to be corrected first. Returns a signed
/// token for the form.
///
/// # Errors
/// When it could not be made durable.
pub async fn keep(city: &City, photo: &Prepared) -> Result<String> {
    let row = store(city, photo, "before", None).await?;
    let id = row.id.clone();
    city.store()
        .write(move |db| Box::pin(async move { rows::insert(db, &row).await }))
        .await?;
    Ok(links::sign_value(city, "photo", &id))
}

/// The id of a kept photo; `None` for a token that this city did not sign.
pub fn kept(city: &City, token: &str) -> Option<String> {
    links::signed_value(city, "photo", token)
}

/// The bytes of one size of a photo, opened if it is sealed. The caller has asked the policy.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or its person was erased.
pub async fn bytes(city: &City, photo: &Photo, size: &str) -> Result<(String, Vec<u8>)> {
    let (content_type, bytes) = city
        .store()
        .media()
        .get(&photo.id, size)
        .await?
        .ok_or(Error::NotFound)?;
    let Some(person) = photo.sealed_for() else {
        return Ok((content_type, bytes));
    };
    let key = city
        .store()
        .keys()
        .open(&person)
        .await?
        .ok_or(Error::NotFound)?;
    Ok((content_type, key.open(&place(&photo.id, size), &bytes)?))
}

fn place(id: &str, size: &str) -> String {
    format!("picture/{id}/{size}")
}
