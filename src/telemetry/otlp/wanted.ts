type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment asks to be sent: by the variables of OpenTelemetry, as every SDK reads them. Nothing is loaded to find out. */
export function otlpWanted(environment: Environment): { readonly traces: boolean; readonly metrics: boolean } {
  const set = (name: string): boolean => (environment[name] ?? '') !== '';
  const disabled = environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true';
  const wants = (signal: string): boolean => {
    const exporters = (environment[`OTEL_${signal}_EXPORTER`] ?? '').split(',').map((name) => name.trim());
    if (disabled || exporters.includes('none')) return false;
    return exporters.includes('otlp') || set('OTEL_EXPORTER_OTLP_ENDPOINT') || set(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  };
  return { traces: wants('TRACES'), metrics: wants('METRICS') };
}
