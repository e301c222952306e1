/** The page at `/`: what this port answers to. */
export function indexPage(node: string, version: string, routes: readonly string[]): string {
  const rows = routes.map((route) => `<li><code>${escapeHtml(route)}</code></li>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Flockwork</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:46rem;padding:0 1rem;color-scheme:light dark}code{font-size:.95em}</style>
<h1>Flockwork ${escapeHtml(version)}</h1><p>Node <code>${escapeHtml(node)}</code>. This port answers to:</p><ul>${rows}</ul>
<p>JSON-RPC 2.0 over WebSocket at <code>/v1/ws</code>; every route is described in <a href="/openapi.json">/openapi.json</a>.</p></html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
