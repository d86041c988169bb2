export function findings(path: string, text: string): string[];
