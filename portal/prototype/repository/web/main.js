const api = import.meta.env.VITE_API_URL;
export const refundKey = import.meta.env.VITE_STRIPE_SECRET_KEY;
fetch(`${api}/invoices`);
