//! Until when a certificate is good: the one field of X.509 that matters here (RFC 5280, `Validity`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{civil::DateTime, tz::TimeZone};

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of the first certificate of a Secret's `tls.crt` (base64 of PEM) in Unix milliseconds.
pub fn good_until(data: &str) -> Option<f64> {
    let pem = String::from_utf8(STANDARD.decode(data.trim()).ok()?).ok()?;
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(body).ok()?;
    let certificate = within(&der, SEQUENCE)?;
    let mut fields = within(certificate, SEQUENCE)?;
    if let (VERSION, _, rest) = element(fields)? {
        fields = rest;
    }
    // Serial number, algorithm and issuer come before the validity.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, _, after) = element(within(fields, SEQUENCE)?)?;
    let (tag, time, _) = element(after)?;
    millis(tag, std::str::from_utf8(time).ok()?)
}

/// The first element: tag, content, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (digits.iter().try_fold(0usize, |sum, digit| Some(sum.checked_mul(256)? + usize::from(*digit)))?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn within(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der).filter(|(own, ..)| *own == tag).map(|(_, content, _)| content)
}

/// `YYMMDDHHMMSSZ`, of which years from 50 on are of the last century, or `YYYYMMDDHHMMSSZ`.
fn millis(tag: u8, text: &str) -> Option<f64> {
    let text = text.strip_suffix('Z').filter(|text| text.is_ascii())?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at * 2..at * 2 + 2)?.parse::<i8>().ok();
    let time = DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond() as f64)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::{GENERALIZED_TIME, UTC_TIME, good_until, millis};

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let mut params = CertificateParams::new(vec!["shop.example.com".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2020, 2, 3);
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        // 2020-02-03T00:00:00Z.
        assert_eq!(good_until(&STANDARD.encode(&pem)), Some(1_580_688_000_000.0));
        assert_eq!(good_until(&STANDARD.encode(&pem[..200])), None);
        assert_eq!(good_until("not base64"), None);
    }

    #[test]
    fn both_forms_of_time_are_read() {
        assert_eq!(millis(UTC_TIME, "700101000001Z"), Some(1000.0));
        assert_eq!(millis(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000_000.0));
        assert_eq!(millis(UTC_TIME, "700101000001"), None);
    }
}
