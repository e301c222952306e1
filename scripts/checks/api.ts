import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from '@microsoft/api-extractor';
import { type Entry, entries } from './entries.ts';
import { root } from './run.ts';

const listings = join(root, 'etc');
const scratch = join(root, 'temp', 'api');

function configOf(entry: Entry): ExtractorConfig {
  const quiet = { logLevel: ExtractorLogLevel.None };
  const configObject: IConfigFile = {
    projectFolder: root,
    mainEntryPointFilePath: entry.types,
    compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json') },
    apiReport: { enabled: true, reportFileName: `${entry.name}.api.md`, reportFolder: listings, reportTempFolder: scratch },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      extractorMessageReporting: {
        default: { logLevel: ExtractorLogLevel.Warning },
        'ae-missing-release-tag': quiet,
        'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
        'ae-undocumented': quiet,
      },
      tsdocMessageReporting: { default: quiet },
    },
  };
  return ExtractorConfig.prepare({ configObject, configObjectFullPath: undefined, packageJsonFullPath: join(root, 'package.json') });
}

/**
 * Holds the public API of the built entries against the listings in etc/; `update` writes them instead. The listing changes only on purpose:
 * `npm run api`, and the reason stands in the commit.
 */
export function checkApi(update: boolean): { readonly problems: readonly string[]; readonly checked: number } {
  const problems: string[] = [];
  let checked = 0;
  mkdirSync(listings, { recursive: true });
  mkdirSync(scratch, { recursive: true });
  try {
    for (const entry of entries()) {
      if (!existsSync(entry.types)) {
        problems.push(`${entry.specifier}: ${entry.types} is not built`);
        continue;
      }
      const result = Extractor.invoke(configOf(entry), {
        localBuild: update,
        showVerboseMessages: false,
        messageCallback: (message) => {
          if (message.logLevel === ExtractorLogLevel.Error) problems.push(`${entry.specifier}: ${message.text}`);
          message.handled = true;
        },
      });
      checked++;
      if (result.apiReportChanged && !update)
        problems.push(
          `${entry.specifier}: the public API is not what etc/${entry.name}.api.md lists; if that is meant, run npm run api and say why in the commit`,
        );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { problems, checked };
}
