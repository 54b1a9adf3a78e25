using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed partial class ForesightApiClient
{
    public Task<MarketControl> GetMarketControlAsync(int market, CancellationToken cancellationToken) =>
        GetAsync<MarketControl>($"admin/markets/{market}", cancellationToken);

    public Task<MarketControl> ActOnMarketAsync(int market, MarketActRequest request, CancellationToken cancellationToken) =>
        PostAsync<MarketControl>($"admin/markets/{market}/acts", request, cancellationToken);

    /// <param name="market">Null: those that create one.</param>
    public Task<MarketProposals> GetMarketProposalsAsync(int? market, CancellationToken cancellationToken) =>
        GetAsync<MarketProposals>(Query("admin/market-proposals", ("market", market?.ToString())), cancellationToken);

    public Task<MarketProposalView> ProposeAsync(MarketProposalRequest request, CancellationToken cancellationToken) =>
        PostAsync<MarketProposalView>("admin/market-proposals", request, cancellationToken);

    public Task<MarketProposalView> ActOnProposalAsync(long proposal, ProposalActRequest request, CancellationToken cancellationToken) =>
        PostAsync<MarketProposalView>($"admin/market-proposals/{proposal}/acts", request, cancellationToken);

    /// <summary>Whether the chain would do it now, if this account sent it.</summary>
    public Task<TransactionCheck> CheckProposalAsync(long proposal, string from, CancellationToken cancellationToken) =>
        GetAsync<TransactionCheck>(Query($"admin/market-proposals/{proposal}/check", ("from", from)), cancellationToken);

    /// <param name="subject">One of <see cref="DecisionSubjects"/>; null: any.</param>
    /// <param name="actor">Null: any.</param>
    public Task<DecisionLog> GetDecisionsAsync(int hours, string? subject, string? actor, CancellationToken cancellationToken) =>
        GetAsync<DecisionLog>(Query("admin/decisions", ("hours", $"{hours}"), ("subject", subject), ("actor", actor)), cancellationToken);
}
