using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Markets.Proposals;

/// <summary>With what its transaction needs of the market and of the deployment.</summary>
internal sealed class ProposalRow
{
    /// <summary>Of a market of a lost chain there is no contract, and so no transaction.</summary>
    public const string Columns = """
        p.proposal_id AS Id, p.kind, p.market_id AS MarketId, p.outcome, coalesce(p.question, m.question) AS Question,
        p.question_hash AS QuestionHash, coalesce(p.outcomes, m.outcomes) AS Outcomes, p.tick_size AS TickSize,
        p.closes_at AS ClosesAt, p.firm_only AS FirmOnly, p.proposed_by AS ProposedBy, p.proposed_key AS ProposedKey,
        p.proposed_at AS ProposedAt, p.proposed_note AS ProposedNote, p.approved_by AS ApprovedBy, p.approved_key AS ApprovedKey,
        p.approved_at AS ApprovedAt, p.approved_note AS ApprovedNote, p.tx_hash AS TransactionHash, p.sender, p.sent_at AS SentAt, p.ended,
        CASE WHEN p.kind = 'create' THEN d.factory WHEN m.generation = d.generation THEN m.address END AS Contract
        """;

    public const string Tables = """
        market_proposals p LEFT JOIN markets m USING (market_id)
            LEFT JOIN (SELECT factory, generation FROM deployments ORDER BY generation DESC LIMIT 1) d ON true
        """;

    public long Id { get; init; }
    public string Kind { get; init; } = "";
    public int? MarketId { get; init; }
    public short? Outcome { get; init; }
    public string Question { get; init; } = "";
    public byte[]? QuestionHash { get; init; }
    public string[] Outcomes { get; init; } = [];
    public int? TickSize { get; init; }
    public DateTime? ClosesAt { get; init; }
    public bool FirmOnly { get; init; }
    public string ProposedBy { get; init; } = "";
    public string ProposedKey { get; init; } = "";
    public DateTime ProposedAt { get; init; }
    public string ProposedNote { get; init; } = "";
    public string? ApprovedBy { get; init; }
    public string? ApprovedKey { get; init; }
    public DateTime? ApprovedAt { get; init; }
    public string? ApprovedNote { get; init; }
    public byte[]? TransactionHash { get; init; }
    public byte[]? Sender { get; init; }
    public DateTime? SentAt { get; init; }
    public string? Ended { get; init; }
    public byte[]? Contract { get; init; }

    public ProposalFacts FactsAt(DateTimeOffset now) =>
        new(
            Kind,
            ProposalRules.StateOf(Ended, ApprovedAt is not null, SentAt is not null, SentAt ?? ApprovedAt ?? ProposedAt, now),
            ProposedKey,
            ApprovedKey
        );

    public MarketProposalView ToView(string state, PreparedTransaction? transaction, SentTransaction? sent) =>
        new(
            Id,
            Kind,
            state,
            MarketId,
            Question,
            Outcomes,
            Outcome,
            TickSize is { } ticks ? Decimals.Price(ticks) : null,
            ClosesAt,
            new ProposalStep(ProposedBy, ProposedKey, ProposedAt, ProposedNote),
            ApprovedAt is { } at ? new ProposalStep(ApprovedBy!, ApprovedKey!, at, ApprovedNote!) : null,
            transaction,
            sent,
            FirmOnly
        );
}
