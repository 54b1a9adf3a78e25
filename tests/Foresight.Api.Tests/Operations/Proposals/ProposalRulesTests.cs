using Foresight.Api.Operations.Markets.Proposals;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Proposals;

[Trait("Category", "Console")]
public sealed class ProposalRulesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, false, false, 0, "proposed")]
    [InlineData(null, true, false, 0, "approved")]
    [InlineData(null, true, true, 0, "sent")]
    [InlineData(null, false, false, 24, "lapsed")]
    [InlineData(null, true, true, 24, "lapsed")]
    [InlineData("done", true, true, 48, "done")]
    [InlineData("withdrawn", false, false, 0, "withdrawn")]
    public void AState_FollowsFromTheStepsAndTheirAge(string? ended, bool isApproved, bool isSent, int hours, string state) =>
        Assert.Equal(state, ProposalRules.StateOf(ended, isApproved, isSent, Noon.AddHours(-hours), Noon));

    [Theory]
    // The first key proposed: it cannot approve, unless there is no other.
    [InlineData("proposed", "approve", "ada", true, "second_person_needed")]
    [InlineData("proposed", "approve", "grace", true, null)]
    [InlineData("proposed", "approve", "ada", false, null)]
    [InlineData("proposed", "sent", "grace", true, "state_conflict")]
    [InlineData("approved", "approve", "linus", true, "state_conflict")]
    [InlineData("sent", "approve", "linus", true, "state_conflict")]
    // The approver's wallet sends, as often as it needs to.
    [InlineData("approved", "sent", "ada", true, "state_conflict")]
    [InlineData("approved", "sent", "grace", true, null)]
    [InlineData("sent", "sent", "grace", true, null)]
    [InlineData("proposed", "withdraw", "linus", true, null)]
    [InlineData("approved", "withdraw", "linus", true, null)]
    [InlineData("sent", "withdraw", "linus", true, null)]
    [InlineData("done", "withdraw", "ada", true, "state_conflict")]
    [InlineData("superseded", "sent", "grace", true, "state_conflict")]
    [InlineData("withdrawn", "approve", "grace", true, "state_conflict")]
    [InlineData("lapsed", "approve", "grace", true, "state_conflict")]
    [InlineData("lapsed", "sent", "grace", true, "state_conflict")]
    public void AnAct_NeedsTheRightStateAndKey(string state, string action, string key, bool takesTwo, string? refusal)
    {
        var facts = new ProposalFacts("resolve", state, "ada", state is "proposed" ? null : "grace");
        Assert.Equal(refusal, ProposalRules.Judge(facts, action, key, takesTwo)?.Code);
    }

    [Fact]
    public void AnEnd_NamesItsMarketAndOutcome()
    {
        Assert.Equal(new Proposal("resolve", 7, 1, null, "It rained."), Read("resolve", 7, 1, null, " It rained. "));
        Assert.Equal(new Proposal("invalidate", 7, null, null, "Nobody knows."), Read("invalidate", 7, null, null, "Nobody knows."));
    }

    [Theory]
    [InlineData(null, 7, 1)]
    [InlineData("close", 7, 1)]
    [InlineData("resolve", null, 1)]
    [InlineData("resolve", 7, null)]
    [InlineData("invalidate", 7, 0)]
    [InlineData("create", null, null)]
    [InlineData("create", 7, null)]
    public void AnEnd_WithTooLittleOrTooMuch_IsRefused(string? kind, int? market, int? outcome) =>
        Assert.Null(Read(kind, market, outcome, null, "why"));

    [Theory]
    [InlineData(null)]
    [InlineData(" \n ")]
    public void WithoutAReason_NothingIsProposed(string? note) => Assert.Null(Read("resolve", 7, 1, null, note));

    [Fact]
    public void AMarket_IsTakenAsItIsWritten()
    {
        var read = Read("create", null, null, Terms(), "Asked for.")!;
        Assert.Equal(("Rain?", 10, Noon.AddDays(1)), (read.Market!.Question, read.Market.TickSize, read.Market.ClosesAt));
        Assert.Equal(["Yes", "No"], read.Market.Outcomes);
        Assert.Equal(Chain.Keccak256.HashText("Rain?"), read.Market.QuestionHash);
        Assert.NotNull(Read("create", null, null, Terms() with { ClosesAt = null }, "why"));
        Assert.NotNull(Read("create", null, null, Terms() with { Question = new string('q', 500) }, "why"));
        Assert.NotNull(Read("create", null, null, Terms() with { Outcomes = [.. "ABCDEFGH".Select(one => $"{one}")] }, "why"));
    }

    public static TheoryData<string, NewMarketTerms> BadTerms =>
        new()
        {
            { "no question", Terms() with { Question = null } },
            { "an empty question", Terms() with { Question = "" } },
            { "spaces around it", Terms() with { Question = " Rain?" } },
            { "two lines", Terms() with { Question = "Rain?\nSnow?" } },
            { "a turned direction", Terms() with { Question = "Rain\u202E?" } },
            { "half a character", Terms() with { Question = "Rain\ud83c?" } },
            { "too long", Terms() with { Question = new string('q', 501) } },
            { "no outcomes", Terms() with { Outcomes = null } },
            { "one outcome", Terms() with { Outcomes = ["Yes"] } },
            { "nine outcomes", Terms() with { Outcomes = [.. "ABCDEFGHI".Select(one => $"{one}")] } },
            { "the same twice", Terms() with { Outcomes = ["Yes", "yes"] } },
            { "an empty one", Terms() with { Outcomes = ["Yes", "No", ""] } },
            { "a null", Terms() with { Outcomes = ["Yes", "No", null!] } },
            { "a long one", Terms() with { Outcomes = ["Yes", new string('n', 101)] } },
            { "no tick", Terms() with { TickSize = null } },
            { "another tick", Terms() with { TickSize = "0.0010" } },
            { "the past", Terms() with { ClosesAt = Noon } },
            { "too far", Terms() with { ClosesAt = Noon.AddYears(11) } },
        };

    [Theory]
    [MemberData(nameof(BadTerms))]
    public void ABadMarket_IsRefused(string what, NewMarketTerms terms) =>
        Assert.True(Read("create", null, null, terms, "why") is null, what);

    [Fact]
    public void OnlyASentTransaction_HasAHashAndAnAccount()
    {
        const string Hash = "0x00000000000000000000000000000000000000000000000000000000000000ab";
        const string From = "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f";
        var sent = ProposalRules.Read(new ProposalActRequest("sent", null, Hash, From)).Value!;
        Assert.Equal((Hash, From), ($"{sent.Transaction}", $"{sent.From}"));
        Assert.Equal("Agreed.", ProposalRules.Read(new ProposalActRequest("approve", " Agreed. ", null, null)).Value!.Note);
        ProposalActRequest[] bad =
        [
            new(null, "why", null, null),
            new("propose", "why", null, null),
            new("approve", null, null, null),
            new("approve", "why", Hash, From),
            new("withdraw", "why", null, From),
            new("sent", "why", Hash, From),
            new("sent", null, Hash[..^1], From),
            new("sent", null, null, From),
            new("sent", null, Hash, From[..^1]),
            new("sent", null, Hash, null),
        ];
        Assert.All(bad, request => Assert.Equal("malformed_request", ProposalRules.Read(request).Problem?.Code));
    }

    private static Proposal? Read(string? kind, int? market, int? outcome, NewMarketTerms? terms, string? note) =>
        ProposalRules.Read(new MarketProposalRequest(kind, market, outcome, terms, note), Noon).Value;

    private static NewMarketTerms Terms() => new("Rain?", ["Yes", "No"], "0.001", Noon.AddDays(1));
}
