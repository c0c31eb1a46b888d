//! What is no image, too much of one, or comes too often, too slowly, from the wrong people.

use super::wire::{AVATAR, answer, avatar, chunk, exchange, files, form, good, head, one, part, send, striped};
use crate::socket::world::World;
use image::ImageFormat;
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;

fn no_limit(config: &mut plenum_server::config::Config) {
    config.rest.upload_rate.per_second = 0.0;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_name_and_declared_type_must_say_the_same() {
    let (world, person) = one(no_limit).await;
    let (at, png, jpeg) = (world.address(), striped(ImageFormat::Png, 8, 8), striped(ImageFormat::Jpeg, 8, 8));
    let page = b"<!doctype html><script>alert(1)</script>".as_slice();
    let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>".as_slice();
    for (name, kind, file) in [
        ("a.jpg", "image/jpeg", png.as_slice()),
        ("a.png", "image/jpeg", &jpeg),
        ("a.png", "image/png", &jpeg),
        ("a.png", "image/png", page),
        ("a.html", "text/html", page),
        ("a.html", "image/png", &png),
        ("a.png", "text/html", &png),
        ("a.svg", "image/svg+xml", drawing),
        ("a.png", "image/png", drawing),
        ("a.gif", "image/gif", b"GIF88a something"),
        ("a.bmp", "image/bmp", b"BM something that goes on"),
        ("png", "image/png", &png),
        ("a.png", "image/png", b""),
        ("a.png", "image/png", b"\x89PN"),
    ] {
        let got = avatar(at, &person, (name, kind, file));
        assert_eq!(got.problem().0, 415, "{name} {kind} {}", got.json());
    }
    assert_eq!(world.rest(&person, "GET", "/api/auth/me", &Value::Null).1["avatar"], Value::Null);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_incomplete_image_is_refused_and_leaves_nothing() {
    let (world, person) = one(no_limit).await;
    let at = world.address();
    for (name, kind, format) in [
        ("a.jpg", "image/jpeg", ImageFormat::Jpeg),
        ("a.png", "image/png", ImageFormat::Png),
        ("a.webp", "image/webp", ImageFormat::WebP),
        ("a.gif", "image/gif", ImageFormat::Gif),
    ] {
        let file = striped(format, 300, 300);
        for kept in [20, file.len() / 2, file.len() * 9 / 10] {
            let got = avatar(at, &person, (name, kind, &file[..kept]));
            assert_eq!(got.status, 422, "{name} {kept} of {}", file.len());
            assert_eq!(
                got.problem(),
                (422, "invalid".to_owned(), "avatar".to_owned()),
                "{name} {kept} of {}",
                file.len()
            );
        }
    }
    assert_eq!(world.metric("plenum_images_total"), 12);
    assert_eq!(world.metric("plenum_images_waiting"), 0);
    world.end().await;
}

/// A PNG that says it has so many pixels, and holds next to nothing.
fn said(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[depth, 6, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(b"IHDR", &header));
    // An empty stream of zlib.
    file.extend(chunk(b"IDAT", b"\x78\x9c\x03\0\0\0\0\x01"));
    file.extend(chunk(b"IEND", b""));
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_too_many_pixels_is_refused_before_memory_is_taken() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |config| {
        no_limit(config);
        config.images.memory_bytes = 64 << 20;
    });
    let person = world.people(1).await.remove(0);
    let at = world.address();
    let huge = (u32::MAX >> 1, u32::MAX >> 1);
    // The last has few enough pixels, and takes eight bytes for each.
    for (width, height, depth) in [(huge.0, huge.1, 8), (50_000, 50_000, 8), (1_000_000, 41, 8), (6_000, 6_000, 16)] {
        let got = avatar(at, &person, good(&said(width, height, depth)));
        assert_eq!(got.problem(), (422, "invalid".to_owned(), "avatar".to_owned()), "{width} × {height}");
        assert!(got.json()["detail"].as_str().unwrap().contains("pixels"), "{}", got.json());
    }
    let mut screen = striped(ImageFormat::Gif, 8, 8);
    screen[6..10].copy_from_slice(&[0xFF; 4]);
    assert_eq!(avatar(at, &person, ("a.gif", "image/gif", &screen)).status, 422);
    // One that really unpacks: black, 36 million pixels in some kilobytes.
    let black = image::DynamicImage::new_luma8(6_000, 6_000);
    let mut bytes = std::io::Cursor::new(Vec::new());
    black.write_to(&mut bytes, ImageFormat::Png).unwrap();
    assert_eq!(avatar(at, &person, good(&bytes.into_inner())).status, 200, "36 million are allowed");
    assert_eq!(files(&data.path().join("depot")).len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_refused_declared_or_not() {
    let (world, person) = one(|config| {
        no_limit(config);
        config.images.avatar_bytes = 100_000;
    })
    .await;
    let at = world.address();
    let mut file = striped(ImageFormat::Png, 8, 8);
    file.resize(300_000, 0);
    let body = form(&[part("avatar", "a.png", "image/png", &file)]);
    // Said beforehand: nothing of it is waited for.
    let refused = exchange(at, head(at, &person, AVATAR, body.len()).as_bytes());
    assert_eq!(refused.problem(), (413, "tooLarge".to_owned(), "avatar".to_owned()));
    let chunked = head(at, &person, AVATAR, 0).replace("content-length: 0", "transfer-encoding: chunked");
    let mut request = chunked.into_bytes();
    for piece in body.chunks(10_000) {
        request.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        request.extend_from_slice(piece);
        request.extend_from_slice(b"\r\n");
    }
    assert_eq!(exchange(at, &request).problem().0, 413);
    file.truncate(100_000);
    assert_eq!(avatar(at, &person, good(&file)).status, 200, "exactly as much as allowed");
    // What stands beside the file is bounded, too.
    let words = part("words", "a.txt", "text/plain", &[b'x'; 70_000]);
    assert_eq!(send(at, &person, AVATAR, &form(&[words])).problem().0, 413);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_form_with_one_file_is_refused_with_a_reason() {
    let (world, person) = one(no_limit).await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 8, 8));
    let file = || part("avatar", "a.png", "image/png", &png);
    let nameless = b"--edge\r\ncontent-disposition: form-data; name=\"avatar\"\r\n\r\nwords\r\n".to_vec();
    for (body, status) in [
        (form(&[]), 422),
        (form(&[part("picture", "a.png", "image/png", &png)]), 422),
        (form(&[nameless]), 422),
        (form(&[file(), file()]), 400),
        (file(), 400),
        (b"nothing of the kind".to_vec(), 400),
        (form(&vec![part("x", "x", "text/plain", b"x"); 20]), 400),
    ] {
        let got = send(at, &person, AVATAR, &body);
        assert_eq!(got.problem().0, status, "{} {}", got.json(), String::from_utf8_lossy(&body));
    }
    let json = head(at, &person, AVATAR, 2).replace("multipart/form-data; boundary=edge", "application/json");
    assert_eq!(exchange(at, format!("{json}{{}}").as_bytes()).problem().0, 415);
    let edgeless = head(at, &person, AVATAR, 2).replace("; boundary=edge", "");
    assert_eq!(exchange(at, format!("{edgeless}{{}}").as_bytes()).problem().0, 400);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_uploads_without_a_token_and_nobody_for_somebody_else() {
    let (world, person) = one(|_| {}).await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 8, 8));
    let body = form(&[part("avatar", "a.png", "image/png", &png)]);
    let nobody = head(at, &person, AVATAR, body.len()).replace(&person.token, "none");
    assert_eq!(exchange(at, &[nobody.as_bytes(), &body].concat()).problem().0, 401);
    // A member of the form that names somebody changes nothing.
    let others = world.people(1).await;
    let named =
        format!("--edge\r\ncontent-disposition: form-data; name=\"id\"\r\n\r\n{}\r\n", others[0].user).into_bytes();
    let profile = send(at, &person, AVATAR, &form(&[named, part("avatar", "a.png", "image/png", &png)])).ok();
    assert_eq!(profile["id"], person.user.to_string());
    assert_eq!(world.rest(&others[0], "GET", "/api/auth/me", &Value::Null).1["avatar"], Value::Null);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_uploads_an_hour_are_enough_for_a_person_and_others_are_not_held_up() {
    let world = World::start();
    let people = world.people(2).await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 8, 8));
    for _ in 0..10 {
        avatar(at, &people[0], good(&png)).ok();
    }
    let refused = avatar(at, &people[0], good(&png));
    assert_eq!(refused.problem().0, 429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((300..=360).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-limit"), "10");
    avatar(at, &people[1], good(&png)).ok();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_slowly_is_let_go_and_holds_one_place_only() {
    let world = World::with(|config| {
        no_limit(config);
        config.images.at_once = 1;
        config.images.receive_within_ms = 10_000;
    });
    let people = world.people(2).await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 8, 8));
    let body = form(&[part("avatar", "a.png", "image/png", &png)]);
    let begin = || {
        let mut slow = TcpStream::connect(at).unwrap();
        slow.write_all(head(at, &people[0], AVATAR, body.len()).as_bytes()).unwrap();
        slow.write_all(&body[..60]).unwrap();
        slow
    };
    let mut slow = begin();
    super::wire::until("the only place is taken", || {
        let refused = avatar(at, &people[1], good(&png));
        if refused.status == 503 && refused.header("retry-after") == "1" {
            return true;
        }
        // It came while the other one had the place, and was refused itself.
        slow.set_nonblocking(true).unwrap();
        if slow.peek(&mut [0]).is_ok() {
            slow = begin();
        }
        slow.set_nonblocking(false).unwrap();
        false
    });
    let late = answer(slow);
    assert_eq!(late.problem().0, 408);
    super::wire::until("the place is free again", || avatar(at, &people[1], good(&png)).status == 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_images_take_so_much_room_and_no_more() {
    let (world, person) = one(|config| {
        no_limit(config);
        config.images.files = 1;
    })
    .await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 8, 8));
    avatar(at, &person, good(&png)).ok();
    assert_eq!(avatar(at, &person, good(&png)).problem().1, "limitReached");
    world.rest(&person, "DELETE", "/api/auth/avatar", &Value::Null);
    avatar(at, &person, good(&png)).ok();
    world.end().await;
}
