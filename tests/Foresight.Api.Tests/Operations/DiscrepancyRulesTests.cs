using Foresight.Api.Access;
using Foresight.Api.Operations;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Export;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Foresight.Api.Tests.Operations;

public sealed class DiscrepancyRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly Decision Resolve = new("resolve", "Done.", null, null);

    [Theory]
    [InlineData(0, "0-5m")]
    [InlineData(299, "0-5m")]
    [InlineData(300, "5-60m")]
    [InlineData(3_599, "5-60m")]
    [InlineData(3_600, "1-24h")]
    [InlineData(86_399, "1-24h")]
    [InlineData(86_400, "24h+")]
    [InlineData(10_000_000, "24h+")]
    public void FirstSeen_PutsEveryMomentIntoExactlyOneAge(int seconds, string age)
    {
        var firstSeen = Now - TimeSpan.FromSeconds(seconds);
        var hits = DiscrepancyAges.All.Where(one =>
            DiscrepancyRules.FirstSeen(one, Now) is var (after, upTo) && !(firstSeen <= after) && !(firstSeen > upTo)
        );
        Assert.Equal([age], hits);
    }

    [Theory]
    [InlineData(100L, null, null, false, null)]
    [InlineData(101L, null, null, true, null)]
    [InlineData(null, null, null, true, null)] // The unknown amount may be over it.
    [InlineData(101L, "resolve", "ada", false, "second_person_needed")]
    [InlineData(101L, "resolve", "grace", false, null)]
    [InlineData(101L, "ignore", "grace", true, null)] // The two keys must decide the same.
    public void Judge_OverTheLimit_TakesTwoKeys(long? amount, string? secondAction, string? secondKey, bool waits, string? refusal)
    {
        var judged = DiscrepancyRules.Judge(
            new DiscrepancyFacts("open", amount, secondAction, secondKey),
            Resolve,
            new Operator("Whoever", "ada"),
            fourEyesOver: 100
        );
        Assert.Equal(
            (waits, refusal, waits || refusal is not null ? "open" : "resolved"),
            (judged.Waits, judged.Refusal?.Code, judged.State)
        );
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData("open", "resolve", null)]
    [InlineData("acknowledged", "ignore", null)]
    [InlineData("open", null, "state_conflict")]
    [InlineData("acknowledged", null, "state_conflict")]
    public void Judge_AFirstKeyThatWaits_IsTakenBackByOneKey(string state, string? waiting, string? refusal)
    {
        var judged = DiscrepancyRules.Judge(
            new DiscrepancyFacts(state, 101, waiting, waiting is null ? null : "grace"),
            Resolve with
            {
                Action = DiscrepancyActions.Withdraw,
            },
            new Operator("Ada", "ada"),
            fourEyesOver: 100
        );
        Assert.Equal((state, false, refusal), (judged.State, judged.Waits, judged.Refusal?.Code));
    }

    [Fact]
    public void Judge_WithoutALimit_TakesOneKey_AndSmallThingsAlwaysDo()
    {
        Assert.False(
            DiscrepancyRules
                .Judge(new DiscrepancyFacts("open", long.MaxValue, null, null), Resolve, new Operator("Ada", "admin"), null)
                .Waits
        );
        foreach (var action in new[] { "acknowledge", "assign", "note" })
            Assert.False(
                DiscrepancyRules
                    .Judge(
                        new DiscrepancyFacts("open", long.MaxValue, null, null),
                        Resolve with
                        {
                            Action = action,
                        },
                        new Operator("Ada", "admin"),
                        0
                    )
                    .Waits
            );
    }

    [Theory]
    [Trait("Category", "Console")]
    [InlineData("open", null)]
    [InlineData("acknowledged", "reopened")]
    [InlineData("resolved", "reopened")]
    [InlineData("ignored", "reopened")]
    [InlineData("reopened", null)]
    public void Reopening_LeadsBackFromEveryDecision(string state, string? next) =>
        Assert.Equal(next, DiscrepancyRules.After(state, DiscrepancyActions.Reopen));

    [Fact]
    [Trait("Category", "Console")]
    public void Judge_WhatWasDecidedSince_IsNotUndone()
    {
        var facts = new DiscrepancyFacts("open", 1, null, null, IsDecidedSince: true);
        foreach (var action in DiscrepancyActions.All)
        {
            var judged = DiscrepancyRules.Judge(facts, Resolve with { Action = action }, new Operator("Ada", "ada"), null);
            Assert.Equal(("open", "state_conflict"), (judged.State, judged.Refusal?.Code));
        }
    }

    [Fact]
    public void Read_RefusesWhatDoesNotFitTheAction()
    {
        Assert.Null(Wrong("ignore", "n", Now.AddDays(1), null));
        Assert.Null(Wrong("assign", "n", null, "Grace"));
        Assert.Null(Wrong("assign", "n", null, null));
        foreach (var action in DiscrepancyActions.All)
            Assert.Equal("note must have 1 to 2000 characters.", Wrong(action, " \u0007", null, null));
        Assert.NotNull(Wrong("ignore", "n", Now, null));
        Assert.NotNull(Wrong("ignore", "n", Now.AddYears(2), null));
        Assert.NotNull(Wrong("resolve", "n", Now.AddDays(1), null));
        Assert.NotNull(Wrong("resolve", "n", null, "Grace"));
        Assert.NotNull(Wrong("note", "", null, null));
        Assert.NotNull(Wrong("assign", "n", null, "none"));
        static string? Wrong(string action, string? note, DateTimeOffset? until, string? assignee) =>
            DiscrepancyRules.Read(action, note, until, assignee, Now).Problem?.Detail;
    }

    [Theory]
    [InlineData("ada=0123456789abcdef,grace=0123456789abcdeg", null, null)]
    [InlineData(null, null, "ADMIN_KEY is not set")]
    [InlineData("ada=short", null, "at least 16")]
    [InlineData("=0123456789abcdef", null, "name=key")]
    [InlineData("ada=0123456789abcdef,ada=0123456789abcdeg", null, "different")]
    [InlineData("ada=0123456789abcdef,grace=0123456789abcdef", null, "different")]
    [InlineData("ada=0123456789abcdef", "100", "ADMIN_KEYS")]
    public void Keys_HaveNamesThatTellPeopleApart(string? keys, string? fourEyes, string? wrong)
    {
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?> { ["ADMIN_KEYS"] = keys, ["RECONCILIATION_FOUR_EYES_OVER_USDC"] = fourEyes }
            )
            .Build();
        if (wrong is null)
        {
            var http = new DefaultHttpContext { Request = { Headers = { Authorization = "Bearer 0123456789abcdeg" } } };
            Assert.Equal("grace", new AdminAccess(settings).NameOf(http));
            return;
        }

        Assert.Contains(wrong, Assert.Throws<SettingException>(() => new AdminAccess(settings)).Message);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"x\"\r\n", "\"say \"\"x\"\"\r\n\"")]
    [InlineData("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@x", "'@x")]
    [InlineData("\tx", "'\tx")]
    [InlineData("'x", "''x")]
    public void ACell_IsNeverAFormula_AndCanBeReadBack(string text, string cell) => Assert.Equal(cell, CsvText.Cell(text));
}
