using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed partial class ForesightApiClient
{
    /// <param name="subject">One of <see cref="OperatorSubjects"/>.</param>
    public Task<OperatorControls> ActAsync(string subject, string id, OperatorActRequest request, CancellationToken cancellationToken) =>
        PostAsync<OperatorControls>(
            subject switch
            {
                OperatorSubjects.Settlement => "admin/settlement/acts",
                _ => $"admin/{subject}s/{Uri.EscapeDataString(id)}/acts",
            },
            request,
            cancellationToken
        );
}
