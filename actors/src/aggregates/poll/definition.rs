//! Which questions can be asked.

use super::command::VotingLimits;
use plenum_schema::poll::{BallotPolicy, ChoiceOption, Definition, Number, QuestionKind};
use plenum_schema::{Refusal, RefusalCode};

/// Longest address of a picture, bytes.
const IMAGE_BYTES: usize = 2_048;
/// Longest text about a picture, characters.
const ALT_CHARS: usize = 500;
/// Most points of a quiz question.
const MOST_POINTS: u32 = 100_000;
/// Most steps of a rating.
const MOST_RATINGS: i64 = 100;
/// Longest name of a survey, characters.
const SURVEY_CHARS: usize = 100;
/// Longest time of a question, milliseconds: a day.
const LONGEST_MS: u64 = 86_400_000;

type Checked = Result<(), Refusal>;

fn invalid(field: &str, text: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, text)
}

/// Checks a question before it is kept or goes live.
///
/// # Errors
/// `invalid` or `tooLarge`, naming the member of the definition.
pub fn check(rules: &VotingLimits, definition: &Definition) -> Checked {
    check_text(&definition.text, "text", rules.question_chars)?;
    check_options(rules, definition)?;
    check_bounds(rules, definition)?;
    check_quiz(definition)?;
    check_estimate(definition)?;
    check_image(definition)?;
    check_feedback(definition)?;
    check_survey(definition)?;
    check_quorum(definition)?;
    check_weighted(definition)?;
    match definition.duration_ms {
        Some(duration) if !(1_000..=LONGEST_MS).contains(&duration) => {
            Err(invalid("durationMs", "a question lasts between a second and a day"))
        }
        _ => Ok(()),
    }
}

fn check_text(text: &str, field: &str, most: usize) -> Checked {
    if text.trim().is_empty() {
        return Err(invalid(field, "it must not be empty"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(invalid(field, "it has no control characters"));
    }
    if text.chars().count() > most {
        return Err(Refusal::field(RefusalCode::TooLarge, field, format!("it has at most {most} characters")));
    }
    Ok(())
}

fn check_options(rules: &VotingLimits, definition: &Definition) -> Checked {
    let count = definition.options.len();
    let most = match definition.kind {
        QuestionKind::Ranking => rules.ranked_options,
        QuestionKind::Single | QuestionKind::Multiple | QuestionKind::Quiz | QuestionKind::Feedback => rules.options,
        QuestionKind::YesNo if count == 3 => 3,
        QuestionKind::YesNo => return Err(invalid("options", "yes, no and abstain are the options of this kind")),
        _ if count == 0 => return Ok(()),
        _ => return Err(invalid("options", "this kind has no options")),
    };
    if count < 2 || count > most {
        return Err(invalid("options", format!("this kind has 2 to {most} options")));
    }
    for (number, option) in (1_u16..).zip(&definition.options) {
        check_option(rules, number, option)?;
    }
    Ok(())
}

fn check_option(rules: &VotingLimits, number: u16, option: &ChoiceOption) -> Checked {
    if option.id != number {
        return Err(invalid("options", "options are numbered 1, 2, 3, … in their order"));
    }
    check_text(&option.text, &format!("options.{}.text", number - 1), rules.option_chars)?;
    check_address(option.image.as_deref(), &format!("options.{}.image", number - 1))?;
    let (image, alt) = (option.image.is_some(), option.image_alt.as_deref());
    check_alt(image, alt, &format!("options.{}.imageAlt", number - 1))
}

/// Words in the place of a picture.
fn check_alt(has_image: bool, alt: Option<&str>, field: &str) -> Checked {
    match alt {
        Some(_) if !has_image => Err(invalid(field, "it says what a picture shows, and there is none")),
        Some(alt) => check_text(alt, field, ALT_CHARS),
        None => Ok(()),
    }
}

fn check_address(image: Option<&str>, field: &str) -> Checked {
    match image {
        Some(image) if image.is_empty() || image.len() > IMAGE_BYTES || image.chars().any(char::is_control) => {
            Err(invalid(field, "it is the address of a picture"))
        }
        _ => Ok(()),
    }
}

fn check_image(definition: &Definition) -> Checked {
    if definition.kind == QuestionKind::Point && definition.image.is_none() {
        return Err(invalid("image", "a point lies on a picture"));
    }
    check_address(definition.image.as_deref(), "image")?;
    check_alt(definition.image.is_some(), definition.image_alt.as_deref(), "imageAlt")
}

fn check_feedback(definition: &Definition) -> Checked {
    if definition.kind != QuestionKind::Feedback {
        return match definition.half_life_ms {
            None => Ok(()),
            Some(_) => Err(invalid("halfLifeMs", "only feedback fades")),
        };
    }
    if definition.policy == BallotPolicy::Fixed {
        return Err(invalid("policy", "feedback is how it goes right now: it can be changed"));
    }
    match definition.half_life_ms {
        Some(half_life) if !(1_000..=LONGEST_MS).contains(&half_life) => {
            Err(invalid("halfLifeMs", "a half-life is between a second and a day"))
        }
        _ => Ok(()),
    }
}

fn whole(number: Option<Number>, field: &str) -> Result<Option<i64>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    number.as_whole().map(Some).ok_or_else(|| invalid(field, "it is a whole number"))
}

fn check_bounds(rules: &VotingLimits, definition: &Definition) -> Checked {
    let options = i64::try_from(definition.options.len()).unwrap_or(i64::MAX);
    let words = i64::try_from(rules.words).unwrap_or(i64::MAX);
    let (low, high) = match definition.kind {
        QuestionKind::Number => return check_order(definition),
        QuestionKind::Rating => return check_rating(definition),
        QuestionKind::Multiple | QuestionKind::Ranking => (1, options),
        QuestionKind::Words => (1, words),
        _ if definition.min.is_none() && definition.max.is_none() => return Ok(()),
        _ => return Err(invalid(if definition.min.is_some() { "min" } else { "max" }, "this kind has no bounds")),
    };
    for (number, field) in [(definition.min, "min"), (definition.max, "max")] {
        if whole(number, field)?.is_some_and(|number| !(low..=high).contains(&number)) {
            return Err(invalid(field, format!("it is between {low} and {high}")));
        }
    }
    check_order(definition)
}

fn check_order(definition: &Definition) -> Checked {
    match (definition.min, definition.max) {
        (Some(min), Some(max)) if min > max => Err(invalid("max", "it is not below min")),
        _ => Ok(()),
    }
}

fn check_rating(definition: &Definition) -> Checked {
    let (low, high) = rating_bounds(definition);
    whole(definition.min, "min")?;
    whole(definition.max, "max")?;
    if low >= high || high - low >= MOST_RATINGS {
        return Err(invalid("max", format!("a rating has 2 to {MOST_RATINGS} steps")));
    }
    Ok(())
}

/// Lowest and highest rating: 1 to 5 when nothing is said.
pub(super) fn rating_bounds(definition: &Definition) -> (i64, i64) {
    let of = |number: Option<Number>, usual| number.and_then(Number::as_whole).unwrap_or(usual);
    (of(definition.min, 1), of(definition.max, 5))
}

fn check_survey(definition: &Definition) -> Checked {
    let Some(survey) = &definition.survey else { return Ok(()) };
    if survey.contains('\n') || survey.trim() != survey {
        return Err(invalid("survey", "it is one line without spaces around it"));
    }
    check_text(survey, "survey", SURVEY_CHARS)
}

fn check_quorum(definition: &Definition) -> Checked {
    if definition.quorum == Some(0) {
        return Err(invalid("quorum", "a quorum is at least one ballot"));
    }
    match definition.quorum_share {
        Some(share) if share <= Number::default() || share > Number::whole(1) => {
            Err(invalid("quorumShare", "it is a share of the audience: above 0, at most 1"))
        }
        _ => Ok(()),
    }
}

fn check_weighted(definition: &Definition) -> Checked {
    use QuestionKind::{Multiple, Rating, Single, YesNo};
    if definition.weighted && !matches!(definition.kind, Single | Multiple | YesNo | Rating) {
        return Err(invalid("weighted", "weights count where options or ratings are counted"));
    }
    Ok(())
}

fn check_quiz(definition: &Definition) -> Checked {
    if definition.kind != QuestionKind::Quiz {
        return match (definition.correct.is_empty(), definition.points) {
            (true, None) => Ok(()),
            (false, _) => Err(invalid("correct", "only a quiz has right options")),
            (_, Some(_)) => Err(invalid("points", "only a quiz has points")),
        };
    }
    let is_option = |id: &u16| definition.options.iter().any(|option| option.id == *id);
    if definition.correct.is_empty() || !definition.correct.iter().all(is_option) {
        return Err(invalid("correct", "a quiz names at least one of its options"));
    }
    if definition.points.is_some_and(|points| points == 0 || points > MOST_POINTS) {
        return Err(invalid("points", format!("there are 1 to {MOST_POINTS} points")));
    }
    Ok(())
}

fn check_estimate(definition: &Definition) -> Checked {
    if definition.kind != QuestionKind::Number {
        return match (definition.target, definition.tolerance) {
            (None, None) => Ok(()),
            (Some(_), _) => Err(invalid("target", "only an estimate has a right number")),
            (None, Some(_)) => Err(invalid("tolerance", "only an estimate has a tolerance")),
        };
    }
    match (definition.target, definition.tolerance) {
        (_, Some(tolerance)) if tolerance < Number::default() => Err(invalid("tolerance", "it is not below 0")),
        (None, Some(_)) => Err(invalid("tolerance", "a tolerance needs a target")),
        _ => Ok(()),
    }
}
