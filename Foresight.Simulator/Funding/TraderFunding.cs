using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Client;
using Foresight.Protocol;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Funding;

/// <summary>
/// For development chains. Adds only what is missing, so that it can be repeated after an interruption or on an existing chain.
/// </summary>
public sealed class TraderFunding(EthereumClient chain, PrivateKey faucet, ChainView venue, ForesightClient api, TimeProvider clock)
{
    private static readonly BigInteger GasMoney = BigInteger.Pow(10, 18);

    // Generous limits, because unused gas is not charged. Estimates are impossible, because each call depends on transactions before it
    // that are not mined yet.
    private const long TransferGas = 21_000;
    private const long TokenGas = 150_000;
    private const long SetGas = 600_000;

    private readonly UsdcContract _usdc = new(chain, Address.Parse(venue.Usdc));
    private readonly OutcomeTokenContract _shares = new(chain, Address.Parse(venue.OutcomeToken));
    private readonly Address _spender = Address.Parse(venue.Factory);

    /// <summary>
    /// Returns when all transactions are mined. Throws if the chain cannot be reached or refuses one; the caller retries.
    /// </summary>
    public async Task FundAsync(IReadOnlyList<TraderFunds> wanted, CancellationToken stop)
    {
        var lacking = await FindLackingAsync(wanted, stop).ConfigureAwait(false);
        var fees = await chain.SuggestFeesAsync(1_000_000_000, stop).ConfigureAwait(false);

        var gifts = new TransactionPipeline(chain, faucet, venue.ChainId, fees, clock);
        foreach (var lack in lacking)
        {
            if (lack.Gas)
                gifts.Add(lack.Funds.Trader.Address, TransferGas, value: GasMoney);
            if (lack.Micros > 0)
                gifts.Add(_usdc.Address, TokenGas, UsdcContract.Mint(lack.Funds.Trader.Address, lack.Micros));
        }

        await gifts.SendAndWaitAsync(stop).ConfigureAwait(false);
        await Task.WhenAll(lacking.Select(lack => SetUpAsync(lack, fees, stop))).ConfigureAwait(false);
    }

    /// <summary>
    /// The exchange counts confirmed blocks only, so it credits the traders some blocks after their transactions are mined.
    /// </summary>
    public async Task WaitUntilSeenAsync(IReadOnlyList<TraderFunds> funds, CancellationToken stop)
    {
        foreach (var wanted in funds)
        {
            while (!await IsSeenAsync(wanted, stop).ConfigureAwait(false))
                await Task.Delay(TimeSpan.FromMilliseconds(250), clock, stop).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsSeenAsync(TraderFunds wanted, CancellationToken stop)
    {
        if (await api.AccountAsync(wanted.Trader.Address.ToString(), stop).ConfigureAwait(false) is not { } account)
            return false;
        wanted.Trader.Holdings.Refresh(account);
        return wanted.Trader.Holdings.UsdcMicros > 0 && wanted.Sets.All(set => OwnsAllOutcomes(account, set.Market));
    }

    private static bool OwnsAllOutcomes(AccountView account, TradedMarket market) =>
        Enumerable.Range(0, market.Outcomes).All(outcome => account.Balances.Any(b => b.Asset == $"{market.Id}:{outcome}"));

    private async Task<IReadOnlyList<Lack>> FindLackingAsync(IReadOnlyList<TraderFunds> wanted, CancellationToken stop)
    {
        var lacking = new List<Lack>();
        foreach (var funds in wanted)
        {
            var owner = funds.Trader.Address;
            var balance = await _usdc.BalanceOfAsync(owner, BlockRef.Latest, stop).ConfigureAwait(false);
            var allowance = await _usdc.AllowanceAsync(owner, _spender, BlockRef.Latest, stop).ConfigureAwait(false);
            var gas = await chain.GetBalanceAsync(owner, BlockRef.Latest, stop).ConfigureAwait(false);

            // Approval of the shares is the last step, so an approved trader is set up: its shares are the result of trading and must
            // not be topped up.
            var isNew = !await _shares.IsApprovedForAllAsync(owner, _spender, BlockRef.Latest, stop).ConfigureAwait(false);
            var sets = isNew ? funds.Sets : [];
            var needed = funds.Usdc.Micros + sets.Sum(set => set.Quantity.Lots * Matching.Engine.Price.TicksPerUnit);
            lacking.Add(
                new Lack(
                    funds,
                    Gas: gas < GasMoney / 4,
                    Micros: balance < needed / 2 || isNew ? BigInteger.Max(needed - balance, 0) : 0,
                    Allowance: allowance < Word.MaxUInt256 / 2,
                    isNew,
                    sets
                )
            );
        }

        return lacking;
    }

    private Task SetUpAsync(Lack lack, FeeSuggestion fees, CancellationToken stop)
    {
        var own = new TransactionPipeline(chain, lack.Funds.Trader.Key, venue.ChainId, fees, clock);
        if (lack.Allowance)
            own.Add(_usdc.Address, TokenGas, UsdcContract.Approve(_spender, Word.MaxUInt256));
        foreach (var set in lack.Sets)
            own.Add(Address.Parse(set.Market.Address), SetGas, MarketContract.MintSet(set.Quantity.Lots * OrderMessage.AmountPerLot));
        // Last, because it marks the trader as set up.
        if (lack.Approval)
            own.Add(_shares.Address, TokenGas, OutcomeTokenContract.SetApprovalForAll(_spender, approved: true));
        return own.SendAndWaitAsync(stop);
    }

    private sealed record Lack(
        TraderFunds Funds,
        bool Gas,
        BigInteger Micros,
        bool Allowance,
        bool Approval,
        IReadOnlyList<SetsWanted> Sets
    );
}
