/** What browsers have and TypeScript 5.9's library lacks: the Navigation API (HTML, 7.2.6), Trusted Types,
 * moveBefore (DOM, 4.2.6), the Network Information API. */
interface NavigationHistoryEntry extends EventTarget { readonly key: string; readonly index: number; readonly url: string | null; getState(): unknown }
interface Navigation extends EventTarget {
  entries(): NavigationHistoryEntry[];
  readonly currentEntry: NavigationHistoryEntry | null;
  updateCurrentEntry(options: { state: unknown }): void;
  traverseTo(key: string): { committed: Promise<unknown>; finished: Promise<unknown> };
}
interface PerformanceNavigationTiming { readonly notRestoredReasons?: object | null }
interface ParentNode { moveBefore?(node: Node, child: Node | null): void }
interface CloseWatcher extends EventTarget { destroy(): void }
declare var CloseWatcher: { new (): CloseWatcher };
interface TrustedTypePolicy { createHTML(html: string): string; createScript(script: string): string }
interface Window {
  readonly navigation: Navigation;
  readonly trustedTypes?: { createPolicy(name: string, rules: TrustedTypePolicy): TrustedTypePolicy };
}
interface Navigator { readonly connection?: { readonly saveData?: boolean; readonly effectiveType?: string } }
