using System.Text.Json;
using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Markets.Proposals;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets.Proposals;

[Trait("Category", "Console")]
public sealed class ProposalCardTests : ConsoleContext
{
    private const string Account = "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f";
    private const string Approve = "Approve, then sign in the wallet";

    private static readonly string Hash = "0x" + new string('a', 64);

    private MarketProposalView _proposal = Proposal(ProposalStates.Proposed);

    public ProposalCardTests()
    {
        Api.Answer("/admin/market-proposals/3/acts", () => _proposal);
        Api.Answer("/admin/market-proposals/3/check", () => new TransactionCheck(true, null));
    }

    [Fact]
    public void WhatIsSigned_IsShownInFull_BeforeAnybodyApproves()
    {
        var page = Shown();
        var text = Text(page);
        Assert.Contains("“No” has won proposed", text);
        Assert.Contains("Ada (key ada) , 2 min ago It is over.", text);
        Assert.Contains("0x00000000000000000000000000000000000000A7 on chain 31337", text);
        Assert.Contains("resolve(uint256) outcomeIndex = 1", text);
        Assert.Contains("0x4f896d4f01", text);
        Assert.Contains("A key other than ada must approve it", text);
    }

    [Fact]
    public void AnApproval_NeedsTheWordAndAReason()
    {
        var page = Shown();
        Assert.False(CanPress(page, Approve));
        Field(page, "Confirm").Input("resolve 7");
        Assert.False(CanPress(page, Approve));
        Field(page, "Why").Input("I saw it.");
        foreach (var wrong in new[] { "", "resolve", "resolve 8", "RESOLVE 7" })
        {
            Field(page, "Confirm").Input(wrong);
            Assert.False(CanPress(page, Approve));
        }

        Field(page, "Confirm").Input("resolve 7");
        Assert.True(CanPress(page, Approve));
    }

    [Fact]
    public void AnApproval_IsRecorded_ThenTheWalletSends_ThenTheHashIsRecorded()
    {
        Connects(new WalletAnswer(Account));
        Sends(new WalletAnswer(Hash: Hash));
        var page = Shown();
        Press(page, Approve);
        page.WaitForAssertion(() => Assert.Equal([$"Market 7: the transaction {Format.Hash(Hash)} was sent"], Notified));
        Assert.Equal(
            ["/admin/market-proposals/3/acts", $"/admin/market-proposals/3/check?from={Account}", "/admin/market-proposals/3/acts"],
            Api.Asked
        );
        Assert.Equal([("approve", "I saw it.", null), ("sent", null, Hash)], Api.Bodies.Select(Read));
        var sent = JSInterop.Invocations.Single(call => call.Identifier == "foresightWallet.send");
        Assert.Equal(["31337", Account, _proposal.Transaction!.To, _proposal.Transaction.Data], sent.Arguments.Select(one => $"{one}"));
    }

    [Fact]
    public void ARefusedApproval_AsksNoWallet()
    {
        Api.Problem("/admin/market-proposals/3/acts", 409, "second_person_needed");
        var page = Shown();
        Press(page, Approve);
        page.WaitForAssertion(() => Assert.Contains("second_person_needed", Text(page)));
        Assert.DoesNotContain(JSInterop.Invocations, call => call.Identifier.StartsWith("foresightWallet", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("The wallet is on chain 1, the exchange on chain 31337: switch the wallet's network.")]
    [InlineData("This browser has no wallet (window.ethereum).")]
    public void AWalletThatCannotBeUsed_IsNamed_AndTheApprovalStands(string error)
    {
        Connects(new WalletAnswer(Error: error));
        var page = Shown();
        Press(page, Approve);
        page.WaitForAssertion(() => Assert.Contains(error, Text(page)));
        Assert.Equal([("approve", "I saw it.", null)], Api.Bodies.Select(Read));

        _proposal = Proposal(ProposalStates.Approved);
        page.Render(set => set.Add(card => card.Proposal, _proposal));
        Assert.True(CanPress(page, "Sign in the wallet"));
    }

    [Fact]
    public void AnAccountWithoutTheRole_IsToldSo_AndSendsNothing()
    {
        Connects(new WalletAnswer(Account));
        Api.Answer("/admin/market-proposals/3/check", () => new TransactionCheck(false, "It does not have the resolver role."));
        var page = Shown();
        Press(page, Approve);
        page.WaitForAssertion(() =>
            Assert.Contains($"the chain would refuse it from {Account}. It does not have the resolver role.", Text(page))
        );
        Assert.DoesNotContain(JSInterop.Invocations, call => call.Identifier == "foresightWallet.send");
    }

    [Fact]
    public void ATransactionThatCouldNotBeRecorded_IsKept_UntilItIs()
    {
        Connects(new WalletAnswer(Account));
        Sends(new WalletAnswer(Hash: Hash));
        _proposal = Proposal(ProposalStates.Approved);
        var page = Shown();
        Api.Problem("/admin/market-proposals/3/acts", 503, ProblemCodes.Unavailable);
        Field(page, "Confirm").Input("resolve 7");
        Button(page, "Sign in the wallet").Click();
        page.WaitForAssertion(() => Assert.Contains("It is not known whether this was recorded", Text(page)));
        Assert.True(HasButton(page, "Record it"));

        Api.Answer("/admin/market-proposals/3/acts", () => _proposal);
        Button(page, "Record it").Click();
        page.WaitForAssertion(() => Assert.False(HasButton(page, "Record it")));
        Assert.Equal(("sent", null, Hash), Read(Api.Bodies[^1]));
        Assert.Single(JSInterop.Invocations, call => call.Identifier == "foresightWallet.send");
    }

    [Theory]
    [InlineData(SentStates.Waiting, false)]
    [InlineData(SentStates.Mined, false)]
    [InlineData(SentStates.Failed, true)]
    [InlineData(SentStates.Other, true)]
    [InlineData(SentStates.Unknown, true)]
    public void ATransactionWithoutEffect_CanBeSentAgain(string state, bool can)
    {
        _proposal = Proposal(ProposalStates.Sent) with
        {
            Sent = new SentTransaction(Hash, Account, Samples.Noon, state, 5, "It reverted: the market is resolved or invalid already."),
        };
        var page = Shown();
        Assert.Contains("It reverted: the market is resolved or invalid already.", Text(page));
        Assert.Equal(can, HasButton(page, "Send it again"));
        Assert.Equal(state == SentStates.Mined, Text(page).Contains("It counts once the block is confirmed", StringComparison.Ordinal));
    }

    [Fact]
    public void AnEndedProposal_OffersNothing()
    {
        _proposal = Proposal(ProposalStates.Done);
        Assert.Empty(Shown().FindAll("input, button:not(.copy)"));
    }

    private void Connects(WalletAnswer answer) => JSInterop.Setup<WalletAnswer>("foresightWallet.connect", _ => true).SetResult(answer);

    private void Sends(WalletAnswer answer) => JSInterop.Setup<WalletAnswer>("foresightWallet.send", _ => true).SetResult(answer);

    private static void Press(IRenderedComponent<ProposalCard> page, string button)
    {
        Field(page, "Why").Input(" I saw it. ");
        Field(page, "Confirm").Input("resolve 7");
        Button(page, button).Click();
    }

    private IRenderedComponent<ProposalCard> Shown() =>
        Render<ProposalCard>(set => set.Add(card => card.Proposal, _proposal).Add(card => card.TakesTwoKeys, true));

    private static (string?, string?, string?) Read(string body)
    {
        var json = JsonDocument.Parse(body).RootElement;
        return (
            json.GetProperty("action").GetString(),
            json.GetProperty("note").GetString(),
            json.GetProperty("transactionHash").GetString()
        );
    }

    private static MarketProposalView Proposal(string state) =>
        new(
            3,
            ProposalKinds.Resolve,
            state,
            7,
            "Will it rain?",
            ["Yes", "No"],
            1,
            null,
            null,
            new ProposalStep("Ada", "ada", Samples.Noon.AddMinutes(-2), "It is over."),
            state == ProposalStates.Proposed ? null : new ProposalStep("Grace", "grace", Samples.Noon, "I saw it."),
            new PreparedTransaction(
                31337,
                "0x00000000000000000000000000000000000000A7",
                "resolve(uint256)",
                [new CallArgument("outcomeIndex", "1")],
                "0x4f896d4f01"
            ),
            null
        );
}
