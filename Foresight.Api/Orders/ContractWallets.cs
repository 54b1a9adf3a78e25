using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Api.Orders;

public enum WalletAnswer
{
    Valid,

    /// <summary>Also if the contract's code fails or exceeds the gas bound, because the market contract would refuse it then too.</summary>
    Invalid,

    NoContract,

    Unknown,
}

/// <param name="Caller">Name of the address from which the request came: slots are shared fairly among these.</param>
public readonly record struct WalletQuestion(Address Maker, Hash32 Digest, byte[] Signature, bool IsCancel, string Caller);

/// <summary>
/// Gas and time of an ERC-1271 check are bounded, because the code that runs is the maker's. The result holds only for the moment;
/// settlement checks again. Any caller can trigger a check, so the slots for them are bounded, and what strangers ask for cannot take those
/// that wallets need which trade here, nor orders those of cancels (docs/decisions/0521).
/// </summary>
/// <param name="chain">Null without a chain endpoint: only signatures of externally owned accounts are accepted.</param>
public sealed partial class ContractWallets(EthereumClient? chain, TimeProvider clock, ILogger<ContractWallets> logger)
{
    /// <summary>Checks at a time of makers whose contract has accepted a signature before, of orders and of cancels each.</summary>
    private const int SlotsOfKnown = 8;

    /// <summary>The same of all others, whom a caller may have made up.</summary>
    private const int SlotsOfStrangers = 4;

    /// <summary>A caller can name any number of addresses without code, so the cache of them is bounded.</summary>
    private const int MaxRemembered = 100_000;

    private const int MaxKnown = 20_000;

    /// <summary>For all RPC requests of one check together, because the caller waits for them; and as long for a slot.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(1);

    private readonly Slots _ofOrders = new(clock);
    private readonly Slots _ofCancels = new(clock);
    private readonly RecentAddresses _withoutCode = new(MaxRemembered);
    private readonly RecentAddresses _accepting = new(MaxKnown);

    public async Task<WalletAnswer> AskAsync(WalletQuestion question, CancellationToken cancellationToken)
    {
        if (chain is null)
            return WalletAnswer.NoContract;
        if (_withoutCode.TryGet(question.Maker, out var at) && clock.GetElapsedTime(at) < RememberFor)
            return WalletAnswer.NoContract;
        var slots = (question.IsCancel ? _ofCancels : _ofOrders).For(isKnown: _accepting.TryGet(question.Maker, out _));
        if (!await slots.EnterAsync(question.Caller, Bound, cancellationToken))
            return WalletAnswer.Unknown;
        try
        {
            return await AskChainAsync(chain, question, cancellationToken);
        }
        finally
        {
            slots.Leave(question.Caller);
        }
    }

    private async Task<WalletAnswer> AskChainAsync(EthereumClient chain, WalletQuestion question, CancellationToken cancellationToken)
    {
        var maker = question.Maker;
        try
        {
            using var limit = new CancellationTokenSource(Bound, clock);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            if ((await chain.GetCodeAsync(maker, cancellationToken: bound.Token)).Length == 0)
            {
                _withoutCode.Set(maker, clock.GetTimestamp());
                return WalletAnswer.NoContract;
            }

            // The gas limit is the market contract's, so that a signature accepted here can also settle.
            if (!await ContractWallet.AcceptsAsync(chain, maker, question.Digest, question.Signature, cancellationToken: bound.Token))
                return WalletAnswer.Invalid;
            // Code alone makes no maker known: a caller finds any number of contracts on the chain.
            _accepting.Set(maker, clock.GetTimestamp());
            return WalletAnswer.Valid;
        }
        catch (Exception error) when (error is RpcException or HttpRequestException or TimeoutException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.NotAsked(logger, error.Message);
            return WalletAnswer.Unknown;
        }
    }

    private sealed class Slots(TimeProvider clock)
    {
        private readonly FairSlots _known = new(SlotsOfKnown, clock);
        private readonly FairSlots _strangers = new(SlotsOfStrangers, clock);

        public FairSlots For(bool isKnown) => isKnown ? _known : _strangers;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to check a contract wallet's signature on chain: {Reason}")]
        public static partial void NotAsked(ILogger logger, string reason);
    }
}
