using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Markets.Proposals;

public static class ProposalRules
{
    public static bool IsOpen(MarketProposalView proposal) => ProposalStates.Open.Contains(proposal.State);

    public static IReadOnlyList<MarketProposalView> Open(IEnumerable<MarketProposalView> proposals) => [.. proposals.Where(IsOpen)];

    public static IReadOnlyList<MarketProposalView> Ended(IEnumerable<MarketProposalView> proposals) =>
        [.. proposals.Where(proposal => !IsOpen(proposal))];

    public static string Title(MarketProposalView proposal) =>
        proposal.Kind switch
        {
            ProposalKinds.Resolve => $"“{OutcomeName(proposal)}” has won",
            ProposalKinds.Invalidate => "The market is void",
            _ => proposal.Question,
        };

    public static string Effect(string kind) =>
        kind switch
        {
            ProposalKinds.Resolve => "Its shares can be redeemed for one USDC each, all others are worth nothing. It is for ever.",
            ProposalKinds.Invalidate => "Shares of every outcome are redeemed for the same. It is for ever.",
            _ => "The market is listed when the chain has confirmed it.",
        };

    /// <summary>Names what it is about, so that a hand that is in the wrong place stops.</summary>
    public static string Word(MarketProposalView proposal) => $"{proposal.Kind} {proposal.MarketId ?? proposal.Id}";

    /// <summary>A transaction that waits or is in a block is not sent twice.</summary>
    public static bool CanSend(MarketProposalView proposal) =>
        proposal.State == ProposalStates.Approved
        || (proposal.State == ProposalStates.Sent && proposal.Sent?.State is SentStates.Failed or SentStates.Other or SentStates.Unknown);

    public static string ToneOf(string state) =>
        state switch
        {
            ProposalStates.Done or SentStates.Mined => Tones.Good,
            ProposalStates.Proposed or ProposalStates.Approved => Tones.Watch,
            ProposalStates.Sent or SentStates.Waiting => Tones.Busy,
            SentStates.Failed or SentStates.Other => Tones.Bad,
            _ => Tones.Quiet,
        };

    private static string OutcomeName(MarketProposalView proposal) =>
        proposal.Outcomes.ElementAtOrDefault(proposal.Outcome ?? -1) ?? $"outcome {proposal.Outcome}";
}
