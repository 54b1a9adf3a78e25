using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class PartsTests : ConsoleContext
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("{}", "")]
    [InlineData("""{"a": 1, "b": "x", "c": null, "d": true}""", "a=1 b=x d=true")]
    [InlineData("""{"legs": [{"lots": 5}, {"lots": 6}]}""", "legs[0].lots=5 legs[1].lots=6")]
    [InlineData("""{"a": {"b": {"c": "deep"}}}""", "a.b.c=deep")]
    // Larger than a double holds: money must be shown as it is.
    [InlineData("""{"amount": 123456789012345678901234567890}""", "amount=123456789012345678901234567890")]
    [InlineData("\"text alone\"", "=text alone")]
    // Not hidden, because a person must judge what there is.
    [InlineData("{ broken", "text={ broken")]
    public void Evidence_IsOneLineForEachFact(string? json, string lines) =>
        Assert.Equal(lines, string.Join(' ', EvidenceLines.Of(json).Select(line => $"{line.Name}={line.Value}")));

    [Theory]
    [InlineData("transactionHash", Samples.Hash, "/transactions/" + Samples.Hash)]
    [InlineData("fills[0].orderHash", Samples.Hash, "/orders/" + Samples.Hash)]
    [InlineData("orders[1].maker", Samples.Account, "/accounts/" + Samples.Account)]
    [InlineData("tradeId", "42", "/trades/42")]
    // Not an id of ours: only the chain has it.
    [InlineData("tradeId", "115792089237316195423570985008687907853269984665640564039457584007913129639935", null)]
    [InlineData("block.hash", Samples.Hash, null)]
    public void Evidence_LeadsToWhatItNames(string name, string value, string? page) =>
        Assert.Equal(page, EvidenceLines.PageOf(name, value));

    [Fact]
    public void HashesOfTheEvidence_CanBeCopied_AndLongerDataIsText()
    {
        var shown = Render<Evidence>(set =>
            set.Add(one => one.Json, $$"""{"blockHash": "{{Samples.Hash}}", "data": "{{Samples.Hash}}00", "tradeId": 42}""")
        );
        Assert.Equal([Samples.Hash], shown.FindAll("[data-copy]").Select(button => button.GetAttribute("data-copy")));
        Assert.Equal(["/trades/42"], Links(shown));
    }

    [Fact]
    public void WithoutEvidence_ThePlaceSaysWhatThatMeans() =>
        Assert.Contains(
            "The chain has no such fill.",
            Text(Render<Evidence>(set => set.Add(one => one.Nothing, "The chain has no such fill.")))
        );

    [Fact]
    public void TwoSides_MarkWhatDiffers_AlsoWhatOnlyOneHas()
    {
        var shown = Render<Sides>(set =>
            set.Add(side => side.Json, """{"lots": 5, "price": "0.4", "hash": "0x1234567890abcdef1234567890"}""")
                .Add(side => side.Other, """{"lots": 6, "price": "0.4"}""")
        );
        Assert.Equal(["lots 5", "hash 0x123456…7890"], shown.FindAll(".change-other").Select(line => Text(line)));
        Assert.Equal(["price 0.4"], shown.FindAll(".change-same").Select(line => Text(line)));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("1h", 1)]
    [InlineData("24h", 24)]
    [InlineData("168h", 168)]
    [InlineData("720h", 720)]
    public void AnIgnoredDiscrepancy_ComesBackWhenItWasSaid_OrNever(string? choice, int? hours) =>
        Assert.Equal(hours is { } some ? Samples.Noon.AddHours(some) : null, IgnoreTimes.End(choice, Samples.Noon));

    [Fact]
    public void EveryOfferedTime_IsAllowedByTheApi() =>
        Assert.All(IgnoreTimes.Options, option => Assert.True(IgnoreTimes.End(option.Value, Samples.Noon) <= Samples.Noon.AddDays(366)));

    [Fact]
    public void Coverage_FillsTheBlocksThatWereCompared_AndLeavesTheRest()
    {
        var shown = Coverage(
            200,
            new CoverageView(151, 180, CoverageStates.Failed, 9, Samples.Noon.AddMinutes(-1), "the chain did not answer"),
            new CoverageView(101, 150, CoverageStates.Covered, 8, Samples.Noon.AddMinutes(-2), null)
        );
        Assert.Equal(["left:0%;width:50%", "left:50%;width:30%"], shown.FindAll(".cover i").Select(range => range.GetAttribute("style")));
        Assert.Equal("101 head 200", Text(shown.Find(".cover-scale")));
        Assert.Equal(
            [
                ["failed", "151–180", "run 9", "60 s ago"],
                ["the chain did not answer"],
                ["covered", "101–150", "run 8", "2 min ago"],
            ],
            Rows(shown)
        );
    }

    [Fact]
    public void Coverage_OfOneBlock_AndBeyondAHeadThatIsNotKnownYet_StaysInItsFrame()
    {
        var shown = Coverage(0, new CoverageView(7, 7, CoverageStates.Covered, 1, Samples.Noon, null));
        Assert.Equal("left:0%;width:100%", shown.Find(".cover i").GetAttribute("style"));
        Assert.Contains("Nothing compared yet", Text(Coverage(100)));
    }

    [Fact]
    public void Ranges_AreSorted_OnlyIfNoneIsLeftOut()
    {
        Navigation.NavigateTo("/reconciliation?coverage.sort=blocks&coverage.hide=at,run");
        CoverageView[] ranges = [Range(3), Range(2)];
        Assert.Equal(["20–29", "30–39"], Rows(Coverage(100, ranges)).Select(row => row[1]));

        var shown = Coverage(100, null, "2-20", ranges);
        Assert.Equal(["30–39", "20–29"], Rows(shown).Select(row => row[1]));
        Assert.Empty(shown.FindAll("[data-list-sort]"));
        Assert.Contains("asks for an order by “blocks”, which needs all rows, and these are a part of them.", Text(shown));
        Assert.Equal("20 head 100", Text(shown.Find(".cover-scale")));
        Assert.Contains("http://localhost/reconciliation?coverage.sort=blocks&coverage.hide=at,run&coverage.cursor=2-20", Links(shown));
    }

    [Fact]
    public void OlderRanges_HaveNoGapUpToTheHead()
    {
        var shown = Coverage(100, "4-40", null, Range(3), Range(2));
        Assert.Equal("20 39", Text(shown.Find(".cover-scale")));
        Assert.Equal(["left:0%;width:50%", "left:50%;width:50%"], shown.FindAll(".cover i").Select(range => range.GetAttribute("style")));
        Assert.Empty(shown.FindAll("[data-list-sort]"));
        Assert.Contains("No older range", Text(Coverage(100, "1-10", null)));
    }

    [Fact]
    public void TheTrail_HasTheNewestFirst_WithWhoAndWhy()
    {
        var shown = Render<AuditTrail>(set =>
            set.Add(
                trail => trail.Entries,
                [
                    new DiscrepancyAuditView(1, Samples.Noon.AddMinutes(-3), "reconciler", "found", "none", "open", null),
                    new DiscrepancyAuditView(2, Samples.Noon.AddMinutes(-2), "Ada", "note", "open", "open", "Asked the maker.", "admin"),
                    new DiscrepancyAuditView(3, Samples.Noon, "Grace", "resolve_first_key", "open", "resolved", "Paid.", "grace"),
                ]
            )
        );
        Assert.Equal(
            [
                ["12:00:00 now", "Grace", "resolve first key", "open → resolved", "Paid."],
                ["11:58:00 2 min ago", "Ada", "note", "", "Asked the maker."],
                ["11:57:00 3 min ago", "reconciler", "found", "open", ""],
            ],
            Rows(shown)
        );
        Assert.Equal("with the key grace", shown.Find("strong").GetAttribute("title"));

        Navigation.NavigateTo("/reconciliation/discrepancies/3?audit.sort=who&audit.hide=at,action,change");
        shown.WaitForAssertion(() => Assert.Equal(["Ada", "Grace", "reconciler"], Rows(shown).Select(row => row[1])));
    }

    [Fact]
    public void WhatARepairHasWritten_IsBelowItsEntry()
    {
        var entry = new DiscrepancyAuditView(1, Samples.Noon, "reconciler", "repair", "open", "resolved", null);
        var shown = Render<AuditTrail>(set =>
            set.Add(trail => trail.Entries, [entry with { Before = """{"s":1}""", After = """{"s":2}""" }])
        );
        Assert.Equal(["s 1 → s 2"], Rows(shown)[1]);
    }

    [Fact]
    public void AnAge_IsChosenByAPress_AndTakenBackByTheNext()
    {
        var chosen = new List<string?>();
        var shown = Render<AgeStrip>(set =>
            set.Add(strip => strip.Counts, [.. DiscrepancyAges.All.Select((age, i) => new AgeCount(age, i * 1_000))])
                .Add(strip => strip.Chosen, DiscrepancyAges.Older)
                .Add(strip => strip.Changed, chosen.Add)
        );
        Assert.Equal("0 up to 5 min 1,000 5 to 60 min 2,000 1 to 24 h 3,000 over 24 h", Text(shown));
        Button(shown, "5 to 60 min").Click();
        Button(shown, "over 24 h").Click();
        Assert.Equal([DiscrepancyAges.Minutes60, null], chosen);
        Assert.Equal("true", Button(shown, "over 24 h").GetAttribute("aria-pressed"));
    }

    [Theory]
    [InlineData(RunStates.Requested, "Run 9 compares everything and plans…")]
    [InlineData(RunStates.Running, "Run 9 compares everything and plans…")]
    [InlineData(RunStates.Failed, "the chain did not answer")]
    [InlineData(RunStates.Succeeded, "Nothing to repair")]
    public void ADryRun_SaysHowFarItIs(string state, string expected) =>
        Assert.Contains(
            expected,
            Text(RepairsOf(Samples.Run(9, state, state == RunStates.Failed ? "the chain did not answer" : null) with { DryRun = true }))
        );

    [Fact]
    public void ARunWithoutRepairs_IsNotTakenForOneThatNeededNone() =>
        Assert.Contains("Nothing was repaired", Text(RepairsOf(Samples.Run())));

    [Fact]
    public void AStep_ThatTheDryRunLeavesToAPerson_SaysWhy()
    {
        var shown = RepairsOf(
            Samples.Run(),
            Samples.Repair(),
            new RepairView(2, 9, null, "status_mismatch:6", "x", RepairStates.Refused, "{}", "{}", "four eyes", Samples.Noon)
        );
        Assert.Equal(["status_mismatch:5", "repaired", "s 1", "s 2"], Rows(shown)[0]);
        Assert.Equal(["status_mismatch:6", "refused four eyes", "", ""], Rows(shown)[1]);
        Assert.Equal(["/reconciliation/discrepancies/3"], shown.FindAll("tbody a").Select(link => link.GetAttribute("href")));
    }

    private static CoverageView Range(int run) =>
        new(run * 10, run * 10 + 9, CoverageStates.Covered, run, Samples.Noon.AddMinutes(run), null);

    private IRenderedComponent<Coverage> Coverage(long head, params CoverageView[] ranges) => Coverage(head, null, null, ranges);

    private IRenderedComponent<Coverage> Coverage(long head, string? cursor, string? next, params CoverageView[] ranges) =>
        Render<Coverage>(set =>
            set.Add(one => one.Page, new Page<CoverageView>(ranges, next)).Add(one => one.Cursor, cursor).Add(one => one.HeadBlock, head)
        );

    private IRenderedComponent<RepairTable> RepairsOf(RunView run, params RepairView[] repairs) =>
        Render<RepairTable>(set => set.Add(one => one.Run, run).Add(one => one.Repairs, repairs));
}
