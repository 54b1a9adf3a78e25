using System.Collections.Concurrent;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Api.Orders;

public enum WalletAnswer
{
    /// <summary>The maker is a contract and accepts the signature.</summary>
    Valid,

    /// <summary>The maker is a contract and refuses the signature, fails, or takes more gas than the bound.</summary>
    Invalid,

    /// <summary>The maker is no contract.</summary>
    NoContract,

    /// <summary>The chain cannot say, or too many ask.</summary>
    Unknown,
}

/// <summary>
/// ERC-1271: asks a maker that is a contract whether it accepts a signature, with a bound on gas and time, because its code is the maker's.
/// The answer holds for the moment; settlement asks again.
/// </summary>
/// <param name="chain">Null: only signatures of plain accounts are accepted.</param>
public sealed partial class ContractWallets(EthereumClient? chain, TimeProvider clock, ILogger<ContractWallets> logger) : IDisposable
{
    /// <summary>
    /// Questions on their way at once. Everybody can make us ask, so there is a limit, and beyond it the answer is "unknown".
    /// </summary>
    private const int MaxAtOnce = 8;

    /// <summary>Addresses known to have no code, for as long as <see cref="RememberFor"/>.</summary>
    private const int MaxRemembered = 100_000;

    /// <summary>For one question, all its requests together.</summary>
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

            // With the gas that the market's contract will give it, so that what is accepted here can also settle.
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
        [LoggerMessage(LogLevel.Warning, "A contract wallet could not be asked about a signature: {Reason}")]
        public static partial void NotAsked(ILogger logger, string reason);
    }
}
