namespace SyscallExplorer.Machine;

/// <summary>Finds the names that a misspelt one may have meant.</summary>
internal static class NearestName
{
    /// <summary>A sentence that proposes the nearest of <paramref name="known"/>, or nothing when none is near.</summary>
    /// <returns>For example <c> Did you mean 'Skylake'?</c>, with a leading blank.</returns>
    public static string Suggest(string name, IEnumerable<string> known)
    {
        var best = known
            .Select(candidate => (Candidate: candidate, Distance: Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .OrderBy(pair => pair.Distance)
            .ThenBy(pair => pair.Candidate, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Candidate is not null && best.Distance <= Math.Max(2, name.Length / 2) ? $" Did you mean '{best.Candidate}'?" : "";
    }

    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
