"""Small pictures of the parts of a deployment map: strokes on a square of 16 units."""

from __future__ import annotations

from launchready.model import Part

ICONS = {
    Part.DOMAIN: '<circle cx="8" cy="8" r="6"/>'
    '<path d="M2 8h12M8 2c2 2 2.6 4 2.6 6S10 12 8 14C6 12 5.4 10 5.4 8S6 4 8 2z"/>',
    Part.DNS: '<path d="M8 2v12M8 3h5l1.5 1.5L13 6H8M8 8H3L1.5 9.5 3 11h5"/>',
    Part.HOST: '<rect x="2" y="3" width="12" height="10" rx="1.5"/><path d="M2 6.2h12M4 4.6h.01M6 4.6h.01"/>',
    Part.EDGE: '<path d="M8 1.8 13.2 4v4c0 3-2.2 5.2-5.2 6.4C5 13.2 2.8 11 2.8 8V4z"/>',
    Part.CODE: '<path d="m5.5 4.5-3.5 3.5 3.5 3.5M10.5 4.5 14 8l-3.5 3.5M9 3.5l-2 9"/>',
    Part.APP: '<path d="M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.1 13.5 5M8 8.1v6.1"/>',
    Part.DATABASE: '<ellipse cx="8" cy="3.8" rx="5" ry="2"/>'
    '<path d="M3 3.8v8.4c0 1.1 2.2 2 5 2s5-.9 5-2V3.8M3 8c0 1.1 2.2 2 5 2s5-.9 5-2"/>',
    Part.CACHE: '<path d="M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z"/>',
    Part.STORAGE: '<path d="M2 4.2c0-.7.5-1.2 1.2-1.2h3l1.4 1.6h5.2c.7 0 1.2.5 1.2 1.2'
    'v6c0 .7-.5 1.2-1.2 1.2H3.2c-.7 0-1.2-.5-1.2-1.2z"/>',
    Part.MAIL: '<rect x="2" y="3.4" width="12" height="9.2" rx="1.4"/><path d="m2.4 4.4 5.6 4.3 5.6-4.3"/>',
    Part.PAYMENTS: '<rect x="2" y="3.4" width="12" height="9.2" rx="1.4"/><path d="M2 6.6h12M4.4 10h2.8"/>',
    Part.SERVICE: '<path d="M6 2v3.4M10 2v3.4M4 5.4h8v2.4a4 4 0 0 1-8 0zM8 11.8V14"/>',
}
