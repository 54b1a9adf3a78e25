namespace Foresight.Protocol;

/// <summary>
/// <c>GET /chain/solvency</c>: what the vault holds and owes at one block, which anybody can read there (docs/solvency.md). Amounts are in
/// the vault's units: micro-USDC, and 10^-18 shares or complete sets.
/// </summary>
/// <param name="BlockNumber">Of a block that the exchange has followed and compared its own books at.</param>
/// <param name="Accounts">That have ever had money in the vault.</param>
/// <param name="SetsUsdc">Micro-USDC of complete sets that are in purses without being shares at the outcome token.</param>
/// <param name="Markets">Those of which the vault holds or owes anything, in the order in which they were created.</param>
/// <param name="At">When it was read.</param>
public sealed record VaultTotalsView(
    long ChainId,
    string Factory,
    string Vault,
    long BlockNumber,
    string BlockHash,
    int Accounts,
    VaultAmountsView Usdc,
    string SetsUsdc,
    IReadOnlyList<VaultMarketView> Markets,
    DateTimeOffset At
);

/// <param name="Held">The vault's balance at the token.</param>
/// <param name="Free">Sum of all purses, as is what is leaving.</param>
public sealed record VaultAmountsView(string Held, string Free, string Leaving);

/// <param name="Sets">10^-18 complete sets inside.</param>
/// <param name="Outcomes">In the order of the outcomes.</param>
public sealed record VaultMarketView(string Market, string Sets, IReadOnlyList<VaultAmountsView> Outcomes);
