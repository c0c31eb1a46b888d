//! What becomes of an image, and how it is shown.

use super::wire::{address_of, avatar, chunk, clear_png, exchange, form, get, good, one, part, send, striped, upload};
use crate::socket::world::World;
use image::ImageFormat;
use plenum_services::accounts::Role;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_avatar_of_each_kind_is_taken_made_small_and_shown_to_everybody() {
    let (world, person) = one(|_| {}).await;
    let at = world.address();
    for (name, kind, format) in [
        ("a.jpg", "image/jpeg", ImageFormat::Jpeg),
        ("a.PNG", "image/png", ImageFormat::Png),
        ("a.webp", "image/webp", ImageFormat::WebP),
        ("a.gif", "image/gif", ImageFormat::Gif),
    ] {
        let profile = avatar(at, &person, (name, kind, &striped(format, 900, 300))).ok();
        let address = address_of(&profile);
        assert_eq!(world.rest(&person, "GET", "/api/auth/me", &Value::Null).1["avatar"], address);
        let seen = get(at, &address, "");
        assert_eq!(seen.status, 200, "{kind}");
        let made = image::load_from_memory(&seen.body).unwrap();
        assert_eq!((made.width(), made.height()), (512, 171), "{kind}");
        assert!(["image/jpeg", "image/png"].contains(&seen.header("content-type")), "{}", seen.head);
    }
    let address = address_of(&avatar(at, &person, good(&clear_png())).ok());
    let made = image::load_from_memory(&get(at, &address, "").body).unwrap().to_rgba8();
    assert_eq!((made.dimensions(), made.get_pixel(0, 0).0[3], made.get_pixel(39, 0).0[3]), ((40, 20), 0, 234));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_known_by_its_tag_given_in_parts_and_never_taken_for_something_else() {
    let (world, person) = one(|_| {}).await;
    let at = world.address();
    let address = address_of(&avatar(at, &person, good(&striped(ImageFormat::Png, 60, 60))).ok());
    let whole = get(at, &address, "");
    let (tag, length) = (whole.header("etag").to_owned(), whole.body.len());
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "public, max-age=86400, immutable"),
        ("accept-ranges", "bytes"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
        ("content-length", &length.to_string()),
    ] {
        assert_eq!(whole.header(name), value, "{}", whole.head);
    }
    assert!(whole.header("content-disposition").starts_with("inline; filename=\"image."), "{}", whole.head);
    let known = get(at, &address, &format!("if-none-match: {tag}\r\n"));
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, tag.as_str()));
    let some = get(at, &address, "range: bytes=10-19\r\n");
    assert_eq!((some.status, some.body.as_slice()), (206, &whole.body[10..20]));
    assert_eq!(some.header("content-range"), format!("bytes 10-19/{length}"));
    let last = get(at, &address, &format!("range: bytes=-5\r\nif-range: {tag}\r\n"));
    assert_eq!((last.status, last.body.as_slice()), (206, &whole.body[length - 5..]));
    let beyond = get(at, &address, &format!("range: bytes={length}-\r\n"));
    assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{length}").as_str()));
    let head = format!("HEAD {address} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let head = exchange(at, head.as_bytes());
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), length.to_string());
    for other in ["/api/media/x", "/api/media/0190a000-0000-7000-8000-000000000001", "/api/media/..%2f..%2fkeys"] {
        assert_eq!(get(at, other, "").status, 404, "{other}");
    }
    world.end().await;
}

/// A JPEG with what cameras write: here that it was held upright, and a place.
fn from_a_camera() -> Vec<u8> {
    let plain = striped(ImageFormat::Jpeg, 80, 40);
    // TIFF, little-endian; one entry: orientation (0x0112), a short, 6; then some words.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"52.5163N 13.3777E SECRET-CAMERA");
    let mut file = plain[..2].to_vec();
    file.extend_from_slice(&[0xFF, 0xE1]);
    file.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    file.extend_from_slice(&exif);
    file.extend_from_slice(&plain[2..]);
    file
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_pixels_is_kept_and_the_camera_is_held_upright() {
    let (world, person) = one(|_| {}).await;
    let at = world.address();
    let file = from_a_camera();
    assert!(holds(&file, b"SECRET-CAMERA"));
    let address = address_of(&avatar(at, &person, ("a.jpg", "image/jpeg", &file)).ok());
    let seen = get(at, &address, "").body;
    let made = image::load_from_memory(&seen).unwrap();
    assert_eq!((made.width(), made.height()), (40, 80), "turned");
    assert!(!holds(&seen, b"SECRET-CAMERA") && !holds(&seen, b"Exif"));

    // Words inside, and a page with an archive behind the end: the whole is an image and something else at once.
    let plain = striped(ImageFormat::Png, 30, 30);
    let mut file = plain[..33].to_vec();
    file.extend(chunk(b"tEXt", b"Comment\0SECRET-WORDS"));
    file.extend_from_slice(&plain[33..]);
    file.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04SECRET-ARCHIVE");
    let address = address_of(&avatar(at, &person, good(&file)).ok());
    let seen = get(at, &address, "").body;
    for part in [b"SECRET".as_slice(), b"<script", b"PK\x03\x04", b"tEXt"] {
        assert!(!holds(&seen, part));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_file_is_used_for_nothing() {
    let (world, person) = one(|config| config.rest.upload_rate.per_second = 0.0).await;
    let at = world.address();
    let png = striped(ImageFormat::Png, 8, 8);
    let long = format!("{}.png", "ä".repeat(3_000));
    for name in ["../../../../etc/passwd.png", "..\\..\\x.png", "/etc/cron.d/x.png", "%2e%2e%2f.png", "con.png", &long]
    {
        let address = address_of(&avatar(at, &person, (name, "image/png", &png)).ok());
        assert!(!address.contains("..") && address.starts_with("/api/media/"), "{address}");
        assert_eq!(get(at, &address, "").status, 200, "{name}");
    }
    let broken = avatar(at, &person, ("a\0.html\0.png", "image/png", &png));
    assert_eq!(broken.problem().0, 400, "no text of a header");
    // The extended form of a name wins where there are both (RFC 6266 §4.3).
    let body = form(&[[
        b"--edge\r\ncontent-disposition: form-data; name=\"avatar\"; filename=\"a.png\"; filename*=UTF-8''a.html\r\n"
            .as_slice(),
        b"content-type: image/png\r\n\r\n",
        &png,
        b"\r\n",
    ]
    .concat()]);
    assert_eq!(send(at, &person, super::wire::AVATAR, &body).status, 415);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_products_get_images_from_their_own_people_only() {
    let world = World::start();
    let people = world.people(3).await;
    let (owner, other, at) = (&people[0], &people[1], world.address());
    for one in [owner, other] {
        world.accounts().set_role(one.user, Role::Seller, None).await.unwrap();
    }
    let png = striped(ImageFormat::Png, 50, 50);
    let event = json!({ "title": "Party", "date": "2099-05-01T18:00:00Z", "maxParticipants": 5 });
    let event = world.rest(owner, "POST", "/api/events", &event).1["id"].as_str().unwrap().to_owned();
    let path = format!("/api/events/{event}/image");
    assert_eq!(upload(at, other, &path, "image", good(&png)).status, 403);
    let first = upload(at, owner, &path, "image", good(&png)).ok()["image"].as_str().unwrap().to_owned();
    let second = upload(at, owner, &path, "image", good(&png)).ok()["image"].as_str().unwrap().to_owned();
    assert_eq!((get(at, &first, "").status, get(at, &second, "").status), (404, 200), "the one before is gone");

    let cup = json!({ "title": "Cup", "price": 990, "currency": "EUR", "quantity": 9 });
    let cup = world.rest(owner, "POST", "/api/products", &cup).1["id"].as_str().unwrap().to_owned();
    let path = format!("/api/marketplace/products/{cup}/images");
    assert_eq!(upload(at, other, &path, "image", good(&png)).status, 403);
    assert_eq!(upload(at, &people[2], &path, "image", good(&png)).status, 403, "no seller");
    upload(at, owner, &path, "image", good(&png)).ok();
    let both = upload(at, owner, &path, "images", good(&png)).ok();
    assert_eq!(both["images"].as_array().unwrap().len(), 2);
    assert_eq!(get(at, both["images"][1].as_str().unwrap(), "").status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_is_shown_by_addresses_of_limited_life_only() {
    let (world, seller) = one(|config| config.images.signed_s = 10).await;
    world.accounts().set_role(seller.user, Role::Seller, None).await.unwrap();
    let at = world.address();
    let cup = json!({ "title": "Cup", "price": 990, "currency": "EUR", "quantity": 9 });
    let cup = world.rest(&seller, "POST", "/api/products", &cup).1["id"].as_str().unwrap().to_owned();
    let path = format!("/api/products/{cup}");
    let png = striped(ImageFormat::Png, 50, 50);
    let made = upload(at, &seller, &format!("{path}/images"), "image", good(&png)).ok();
    let address = made["images"][0].as_str().unwrap().to_owned();
    assert_eq!(get(at, &address, "").status, 200);

    let withdrawn = world.rest(&seller, "PUT", &path, &json!({ "status": "INACTIVE" })).1;
    assert_eq!(get(at, &address, "").status, 404, "nobody sees it by its address");
    let signed = withdrawn["images"][0].as_str().unwrap().to_owned();
    let seen = get(at, &signed, "");
    assert_eq!((seen.status, seen.header("cache-control")), (200, "private, no-store"));
    let other = signed.replace("expires=", "expires=9");
    let (bare, last) = signed.split_at(signed.len() - 1);
    let forged = format!("{bare}{}", if last == "0" { "1" } else { "0" });
    let another = signed.replace(&seller.user.to_string(), "0190a000-0000-7000-8000-000000000001");
    for wrong in [&other, &forged, &another] {
        assert_eq!(get(at, wrong, "").status, 403, "{wrong}");
    }
    super::wire::until("the address ends", || get(at, &signed, "").status == 403);

    // A front end that sends back what it was shown does not write the ticket down.
    let again = json!({ "images": [signed], "status": "ACTIVE" });
    assert_eq!(world.rest(&seller, "PUT", &path, &again).1["images"], json!([address]));
    assert_eq!(get(at, &address, "").status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_nobody_asked_for_are_passed_over() {
    let (world, person) = one(|_| {}).await;
    let png = striped(ImageFormat::Png, 8, 8);
    let words = b"--edge\r\ncontent-disposition: form-data; name=\"role\"\r\n\r\nadmin\r\n".to_vec();
    let body = form(&[words.clone(), part("avatar", "a.png", "image/png", &png), words]);
    let profile = send(world.address(), &person, super::wire::AVATAR, &body).ok();
    assert_eq!((profile["role"].as_str(), profile["avatar"].is_string()), (Some("user"), true));
    world.end().await;
}
