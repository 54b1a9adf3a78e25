using System.Numerics;
using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Orders;

/// <summary>
/// The engine knows only the lesser of balance and approval, so this check asks the chain which of them is missing. If the chain does not
/// answer, the engine's refusal stands.
/// </summary>
/// <param name="chain">Null without a chain endpoint: no refusal is then explained.</param>
public sealed partial class ApprovalCheck(EthereumClient? chain, ChainContracts contracts, ILogger<ApprovalCheck> logger) : IDisposable
{
    /// <summary>Any caller can trigger a chain call, so their number is bounded; above it the refusal goes out unexplained.</summary>
    private const int MaxAtOnce = 8;

    private readonly SemaphoreSlim _asking = new(MaxAtOnce);

    /// <summary>Null keeps the engine's refusal: the approval is not what is missing, or the chain does not answer.</summary>
    public async Task<Problem?> ExplainAsync(Market market, OrderMessage order, CancellationToken cancellationToken)
    {
        if (chain is null || !await _asking.WaitAsync(TimeSpan.Zero, cancellationToken))
            return null;
        try
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bound.CancelAfter(ContractWallets.Bound);
            if (await contracts.FindAsync(bound.Token) is not { } at)
                return null;
            return order.IsBuy
                ? await OfUsdcAsync(chain, order.Maker, at, bound.Token)
                : await OfSharesAsync(chain, market, order, at, bound.Token);
        }
        catch (Exception error)
            when (error is RpcException or HttpRequestException or TimeoutException or OperationCanceledException or FormatException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.NotAsked(logger, error.Message);
            return null;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private static async Task<Problem?> OfUsdcAsync(
        EthereumClient chain,
        Address maker,
        ContractAddresses at,
        CancellationToken cancellationToken
    )
    {
        var usdc = new UsdcContract(chain, at.Usdc);
        var owned = await usdc.BalanceOfAsync(maker, cancellationToken: cancellationToken);
        var approved = await usdc.AllowanceAsync(maker, at.Factory, cancellationToken: cancellationToken);
        return approved < owned
            ? Refusal(at.Factory, $"The account has {Usdc(owned)} USDC and has approved {Usdc(approved)}: approve {at.Factory} for more.")
            : null;
    }

    private static async Task<Problem?> OfSharesAsync(
        EthereumClient chain,
        Market market,
        OrderMessage order,
        ContractAddresses at,
        CancellationToken cancellationToken
    )
    {
        var shares = new OutcomeTokenContract(chain, at.OutcomeToken);
        if (await shares.IsApprovedForAllAsync(order.Maker, at.Factory, cancellationToken: cancellationToken))
            return null;
        var id = OutcomeTokenContract.IdOf(market.Address, (int)order.OutcomeIndex);
        return await shares.BalanceOfAsync(order.Maker, id, cancellationToken: cancellationToken) > 0
            ? Refusal(at.Factory, $"The account has shares and has not approved them: call setApprovalForAll for {at.Factory}.")
            : null;
    }

    private static Problem Refusal(Address spender, string detail) =>
        new(ProblemCodes.InsufficientAllowance, detail) { More = new Dictionary<string, object?> { ["spender"] = spender.ToString() } };

    private static string Usdc(BigInteger micros) => Decimals.Usdc((long)BigInteger.Min(micros, long.MaxValue));

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to check an approval on chain: {Reason}")]
        public static partial void NotAsked(ILogger logger, string reason);
    }
}
