using System.Numerics;
using Foresight.Api.Markets;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Details;

/// <summary>Exactly one of the two is null.</summary>
public sealed record ChainAccount(ChainAccountView? View, string? Unavailable);

/// <summary>
/// An operator compares what the exchange knows with the chain, so what cannot be read there has a reason and is never zero.
/// </summary>
/// <param name="chain">Null without a chain endpoint.</param>
public sealed partial class ChainAccountReader(
    EthereumClient? chain,
    ChainContracts contracts,
    MarketCatalog markets,
    ILogger<ChainAccountReader> logger
)
{
    /// <summary>Each costs a call to the chain.</summary>
    public const int MaxAssets = 20;

    /// <summary>For all calls together: the rest of the page waits for them.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private const string Usdc = "USDC";

    /// <param name="assets">As in <see cref="BalanceView.Asset"/>; those beyond <see cref="MaxAssets"/> are left out.</param>
    public async Task<ChainAccount> ReadAsync(Address account, IEnumerable<string> assets, CancellationToken cancellationToken)
    {
        if (chain is null)
            return new ChainAccount(null, "no chain endpoint is configured");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            if (await contracts.FindAsync(bound.Token) is not { } at)
                return new ChainAccount(null, "no contracts are deployed on this chain");
            // All of one block, so that a transfer between two calls is not counted twice or never.
            var block = await chain.BlockNumberAsync(bound.Token);
            var usdc = UsdcAsync(chain, account, at, block, bound.Token);
            var shares = await SharesAsync(chain, account, at, assets, block, bound.Token);
            return new ChainAccount(new ChainAccountView(block, [await usdc, .. shares]), null);
        }
        catch (Exception error)
            when (error is RpcException or HttpRequestException or TimeoutException or OperationCanceledException or FormatException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.NotRead(logger, error.Message);
            // Without the error's text, which may contain the URL of an endpoint, and that a key.
            return new ChainAccount(null, error is OperationCanceledException ? "no answer in time" : "the chain cannot be read");
        }
    }

    private static async Task<ChainBalanceView> UsdcAsync(
        EthereumClient chain,
        Address account,
        ContractAddresses at,
        long block,
        CancellationToken cancellationToken
    )
    {
        var usdc = new UsdcContract(chain, at.Usdc);
        var balance = usdc.BalanceOfAsync(account, block, cancellationToken);
        var approved = await usdc.AllowanceAsync(account, at.Factory, block, cancellationToken);
        var owned = await balance;
        return new ChainBalanceView(Usdc, Text(owned, Decimals.Usdc), Text(BigInteger.Min(owned, approved), Decimals.Usdc));
    }

    private async Task<IReadOnlyList<ChainBalanceView>> SharesAsync(
        EthereumClient chain,
        Address account,
        ContractAddresses at,
        IEnumerable<string> assets,
        long block,
        CancellationToken cancellationToken
    )
    {
        var wanted = new List<(string Asset, BigInteger Id)>();
        foreach (var asset in assets.Where(asset => asset != Usdc).Take(MaxAssets))
        {
            var parts = asset.Split(':');
            if (await markets.FindAsync(int.Parse(parts[0]), cancellationToken) is { } market)
                wanted.Add((asset, OutcomeTokenContract.IdOf(market.Address, int.Parse(parts[1]))));
        }

        if (wanted.Count == 0)
            return [];
        var token = new OutcomeTokenContract(chain, at.OutcomeToken);
        var approved = token.IsApprovedForAllAsync(account, at.Factory, block, cancellationToken);
        var balances = await Task.WhenAll(wanted.Select(one => token.BalanceOfAsync(account, one.Id, block, cancellationToken)));
        var isApproved = await approved;
        return
        [
            .. wanted.Zip(
                balances,
                (one, balance) =>
                {
                    // Fractions of a lot cannot be traded.
                    var shares = Text(balance / OrderMessage.AmountPerLot, Decimals.Shares);
                    return new ChainBalanceView(one.Asset, shares, isApproved ? shares : "0");
                }
            ),
        ];
    }

    /// <summary>More than 64 bits can count exceeds every sum that exists, and is shown as the most they can.</summary>
    private static string Text(BigInteger units, Func<long, string> text) => text((long)BigInteger.Min(units, long.MaxValue));

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to read an account's balances on chain: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);
    }
}
