using Foresight.Api.Operations;
using Foresight.Api.Operations.Markets.Proposals;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Microsoft.AspNetCore.Builder;

/// <summary>The wallet's account.</summary>
public readonly record struct CheckParameters([FromQuery(Name = "from")] string? From = null) : ICheckedParameters
{
    internal Address Account => Address.TryParse(From, out var from) ? from : throw new InvalidOperationException("Not checked.");

    Problem? ICheckedParameters.Problem => Address.TryParse(From, out _) ? null : Problem.Malformed("from must be the wallet's address.");
}

internal static class ProposalEndpoints
{
    public static void MapProposals(this RouteGroupBuilder admin)
    {
        admin
            .MapGet(
                "/market-proposals",
                async (ProposalWorkflow workflow, CancellationToken cancellationToken, [FromQuery(Name = "market")] int? market = null) =>
                    TypedResults.Ok(await workflow.ListAsync(market, cancellationToken))
            )
            .WithName("ListMarketProposals")
            .WithSummary("Proposals to resolve or void a market, or to create one, with the transaction that a wallet has to send.")
            .RefusesWith(400, 401, 429, 503);
        admin
            .MapPost("/market-proposals", ProposeAsync)
            .WithName("ProposeForMarket")
            .WithSummary("Proposes to resolve or void a market, or to create one; a second key approves it.")
            .RefusesWith(400, 401, 404, 409, 429, 503);
        admin
            .MapPost("/market-proposals/{id:long}/acts", ActAsync)
            .WithName("ActOnProposal")
            .WithSummary("Approves or withdraws a proposal, or records the transaction that the approver's wallet has sent.")
            .RefusesWith(400, 401, 404, 409, 429, 503);
        admin
            .MapGet("/market-proposals/{id:long}/check", CheckAsync)
            .WithName("CheckProposal")
            .WithSummary("Whether the chain would do it now, if this account sent it.")
            .RefusesWith(400, 401, 404, 429, 503);
    }

    private static async Task<Results<Ok<MarketProposalView>, ProblemResult>> ProposeAsync(
        MarketProposalRequest request,
        Operator by,
        ProposalWorkflow workflow,
        CancellationToken cancellationToken
    ) => (await workflow.ProposeAsync(request, by, cancellationToken)).ToHttp();

    private static async Task<Results<Ok<MarketProposalView>, ProblemResult>> ActAsync(
        long id,
        ProposalActRequest request,
        Operator by,
        ProposalWorkflow workflow,
        CancellationToken cancellationToken
    ) => (await workflow.ActAsync(id, request, by, cancellationToken)).ToHttp();

    private static async Task<Results<Ok<TransactionCheck>, ProblemResult>> CheckAsync(
        long id,
        [AsParameters] CheckParameters parameters,
        ProposalWorkflow workflow,
        CancellationToken cancellationToken
    ) => (await workflow.CheckAsync(id, parameters.Account, cancellationToken)).ToHttp();
}
