using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Bench.Settle;

internal enum MatchKind
{
    Direct = 0,
    Mint = 1,
    Merge = 2,
}

/// <param name="purse">Where all of its orders have their money.</param>
/// <param name="wallets">The contract wallets whose orders the keys sign, in the keys' order; null: the keys trade for themselves.</param>
internal sealed class TradeFlow(
    TradingStack stack,
    IReadOnlyList<PrivateKey> keys,
    PurseChoice purse = PurseChoice.Either,
    IReadOnlyList<Address>? wallets = null
)
{
    public const long Lots = 100;

    /// <summary>Of outcome 0; both sides of a set pay half of it too.</summary>
    public const int Price = 5_000;

    private const int PairsAtOnce = 50;

    private readonly Dictionary<Address, Address> _walletOf = keys.Zip(wallets ?? [])
        .ToDictionary(one => one.First.Address, one => one.Second);
    private long _salt;

    /// <returns>False: no firm order is taken now, and some of the pairs are not matched.</returns>
    public async Task<bool> MatchAsync(
        MatchKind kind,
        int trades,
        IReadOnlyList<DeployedMarket> markets,
        CancellationToken cancellationToken = default
    )
    {
        for (var done = 0; done < trades; done += PairsAtOnce)
        {
            var commands = Enumerable
                .Range(done, Math.Min(PairsAtOnce, trades - done))
                .SelectMany(i => Pair(kind, i, markets[i % markets.Count]))
                .ToList();
            var results = await stack.Router.SendAsync(commands, cancellationToken);
            if (results.FirstOrDefault(IsRefused) is { } refused)
                throw new InvalidOperationException($"an order was answered {refused.Status} {refused.Code}");
            if (results.Any(result => result.Status != ResultStatus.Accepted))
                return false;
        }

        return true;
    }

    /// <summary>One that rests: no order sells at its price.</summary>
    public async Task<CommandResult> BidLowAsync(DeployedMarket market) =>
        await stack.Router.SendAsync(Place(new OrderTerms(market, 0, IsBuy: true, Price: 1, Lots, ++_salt), keys[^1]));

    // Firm orders are refused while settlement has enough to do; a side that was taken alone rests, and its like of a later pair meets it.
    private bool IsRefused(CommandResult result) =>
        result.Status != ResultStatus.Accepted && (purse != PurseChoice.Vault || result.Code != ProblemCodes.FirmUnavailable);

    private IEnumerable<LeaderCommand> Pair(MatchKind kind, int number, DeployedMarket market)
    {
        // Each trader is always on the same side of the book, so that orders that overtake each other never meet one of their own.
        var half = keys.Count / 2;
        var (first, second) = (keys[number % half], keys[half + (number / half % half)]);
        yield return Place(new OrderTerms(market, Outcome: 0, IsBuy: kind == MatchKind.Mint, Price, Lots, ++_salt), first);
        yield return Place(
            new OrderTerms(market, kind == MatchKind.Direct ? 0 : 1, IsBuy: kind != MatchKind.Merge, Price, Lots, ++_salt),
            second
        );
    }

    /// <summary>A registered key signs for the vault; for a wallet's own money its contract is asked.</summary>
    private PlaceOrder Place(OrderTerms terms, PrivateKey key)
    {
        var wallet = _walletOf.TryGetValue(key.Address, out var found) ? found : (Address?)null;
        return terms.Sign(key, stack.Deployment.ChainId, wallet).Command() with
        {
            Purse = (int)purse,
            SigningKey = wallet is not null && purse == PurseChoice.Vault ? key.Address.ToLowerHex() : null,
            SignedByContract = wallet is not null && purse != PurseChoice.Vault,
        };
    }
}
