using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Cluster;
using Foresight.Protocol;

namespace Foresight.Api.Orders;

public sealed class OrderRefusals(OrderReader reader, ApprovalCheck approvals, LeaderDirectory leaders)
{
    public async Task<Problem> OfOrderAsync(
        CommandResult result,
        Market market,
        OrderMessage order,
        Hash32 hash,
        bool isOfWallet,
        CancellationToken cancellationToken
    ) =>
        result switch
        {
            { Status: ResultStatus.Duplicate } => await DuplicateAsync(result, hash, cancellationToken),
            { Status: ResultStatus.Rejected, Code: ProblemCodes.InsufficientBalance }
                when isOfWallet && await approvals.ExplainAsync(market, order, cancellationToken) is { } problem => At(result, problem),
            _ => await OfAsync(result, hash, market.Shard, cancellationToken),
        };

    public async Task<Problem> OfAsync(CommandResult result, Hash32? orderHash, int shard, CancellationToken cancellationToken)
    {
        switch (result.Status)
        {
            case ResultStatus.Rejected:
                var code = result.Code ?? ProblemCodes.MalformedRequest;
                return At(
                    result,
                    new Problem(code, ProblemRules.TitleOf(code))
                    {
                        RetryAfter = ProblemRules.IsRetryable(code) ? TimeSpan.FromSeconds(1) : null,
                    }
                );
            case ResultStatus.InDoubt:
                return new Problem(
                    ProblemCodes.InDoubt,
                    "It may or may not be done. Ask for the order, or send the same request again: it is never done twice."
                )
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                    More = orderHash is { } hash ? new Dictionary<string, object?> { ["orderId"] = hash.ToString() } : [],
                };
            default:
                var leader = await leaders.FindAsync(LeasedResources.MatchingOf(shard), cancellationToken);
                return new Problem(
                    leader is null ? ProblemCodes.NotLeader : ProblemCodes.Unavailable,
                    leader is null
                        ? "Nothing was done: no node leads the matching of this market."
                        : "Nothing was done: the leader did not take it before your deadline."
                )
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                    LeaderId = leader?.NodeId,
                };
        }
    }

    private async Task<Problem> DuplicateAsync(CommandResult result, Hash32 hash, CancellationToken cancellationToken)
    {
        var known = await reader.FindAsync(hash, after: null, fromPrimary: true, cancellationToken);
        var before = result.Differences is { } names ? $" with another {string.Join(" and ", names)}" : "";
        return new Problem(
            result.Differences is null ? ProblemCodes.DuplicateOrder : ProblemCodes.OrderTermsDiffer,
            $"This order came before{before}{(known is null ? "" : $"; it is {known.Status} now")}. "
                + "Sign it with another salt to place it again."
        )
        {
            More = new Dictionary<string, object?>
            {
                ["orderId"] = hash.ToString(),
                ["orderStatus"] = known?.Status,
                ["orderReason"] = known?.Reason,
                ["differs"] = result.Differences,
            },
        };
    }

    /// <summary>
    /// A rejected order is in the journal, so the problem carries its position. An order refused before sequencing has none.
    /// </summary>
    private static Problem At(CommandResult result, Problem problem) =>
        result.Sequence == 0
            ? problem
            : problem with
            {
                More = new Dictionary<string, object?>(problem.More) { ["epoch"] = result.Epoch, ["sequence"] = result.Sequence },
            };
}
