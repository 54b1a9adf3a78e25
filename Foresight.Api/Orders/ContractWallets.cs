using System.Collections.Concurrent;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Api.Orders;

public enum WalletAnswer
{
    Valid,

    /// <summary>Also when the contract's code fails or exceeds the gas bound.</summary>
    Invalid,

    NoContract,

    /// <summary>The chain did not answer in time, or too many checks were running.</summary>
    Unknown,
}

/// <summary>
/// ERC-1271 check: asks a maker that is a contract whether it accepts a signature. Gas and time are bounded because the code that runs is
/// the maker's. The result holds only for the moment; settlement checks again.
/// </summary>
/// <param name="chain">Null without a chain endpoint: only signatures of externally owned accounts are accepted.</param>
public sealed partial class ContractWallets(EthereumClient? chain, TimeProvider clock, ILogger<ContractWallets> logger) : IDisposable
{
    /// <summary>
    /// Bound on concurrent checks. Any caller can trigger one; above the bound the result is <see cref="WalletAnswer.Unknown"/>.
    /// </summary>
    private const int MaxAtOnce = 8;

    /// <summary>Bound on the cache of addresses without code; each entry lives for <see cref="RememberFor"/>.</summary>
    private const int MaxRemembered = 100_000;

    /// <summary>Timeout of one check, all its RPC requests together.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _asking = new(MaxAtOnce);
    private readonly ConcurrentDictionary<Address, long> _withoutCode = new();

    public async Task<WalletAnswer> AskAsync(Address maker, Hash32 digest, byte[] signature, CancellationToken cancellationToken)
    {
        if (chain is null)
            return WalletAnswer.NoContract;
        if (_withoutCode.TryGetValue(maker, out var at) && clock.GetElapsedTime(at) < RememberFor)
            return WalletAnswer.NoContract;
        if (!await _asking.WaitAsync(TimeSpan.Zero, cancellationToken))
            return WalletAnswer.Unknown;
        try
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bound.CancelAfter(Bound);
            if ((await chain.GetCodeAsync(maker, cancellationToken: bound.Token)).Length == 0)
            {
                if (_withoutCode.Count >= MaxRemembered)
                    _withoutCode.Clear();
                _withoutCode[maker] = clock.GetTimestamp();
                return WalletAnswer.NoContract;
            }

            // The gas limit is the one that the market contract uses, so that a signature accepted here can also settle.
            return await ContractWallet.AcceptsAsync(chain, maker, digest, signature, cancellationToken: bound.Token)
                ? WalletAnswer.Valid
                : WalletAnswer.Invalid;
        }
        catch (Exception error) when (error is RpcException or HttpRequestException or TimeoutException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.NotAsked(logger, error.Message);
            return WalletAnswer.Unknown;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to check a contract wallet's signature on chain: {Reason}")]
        public static partial void NotAsked(ILogger logger, string reason);
    }
}
