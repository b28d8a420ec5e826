// Probabilities of the logits of a site. Needs fix_{one_hot,shared}.

// ln of the probability of the site's colours, as the net sees them.
fn ln_probability_of(colours: RowWords) -> Rows {
    var logit = Rows(0.0);
    for (var c = 0u; c < COLOURS; c++) {
        logit = select(logit, site_logits[c], colours == RowWords(c));
    }
    return (logit - largest) - ln_of_sum(sum);
}

// ln of a sum from 1 to COLOURS.
fn ln_of_sum(value: Rows) -> Rows {
    let power = (bitcast<RowWords>(value) >> RowWords(23u)) - RowWords(127u);
    let mantissa = value * bitcast<Rows>((RowWords(127u) - power) << RowWords(23u));
    return Rows(power) * 0.6931472 + ln_1p_of(mantissa - Rows(1.0));
}
