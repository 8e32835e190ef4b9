const stripe = require("stripe")("{{made:stripe_live}}");
stripe.refunds.create({ charge: process.argv[2] });
