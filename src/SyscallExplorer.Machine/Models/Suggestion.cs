namespace SyscallExplorer.Machine;

/// <summary>Sentences for a name that does not exist: the nearest right one, and all of them.</summary>
public static class Suggestion
{
    /// <summary>The known name nearest to a wrong one by edit distance, the first by ordinal among equals, or null when none is near.</summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        (string? best, int distance) = (null, int.MaxValue);
        foreach (string candidate in known)
        {
            int d = EditDistance(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (d < distance || (d == distance && string.CompareOrdinal(candidate, best) < 0))
                (best, distance) = (candidate, d);
        }

        return best is not null && distance <= Math.Max(2, best.Length / 2) ? best : null;
    }

    /// <summary>Such as <c> Did you mean 'Skylake'?</c>, with its leading blank, or nothing when no known name is near.</summary>
    public static string Question(string name, IEnumerable<string> known) =>
        Nearest(name, known) is { } nearest ? $" Did you mean '{nearest}'?" : "";

    /// <summary>Such as: No CPU model is named 'Skylke'. Did you mean 'Skylake'? Known models: Haswell, Skylake, Zen2.</summary>
    public static string Sentence(string beginning, string name, string listTitle, IEnumerable<string> known)
    {
        List<string> names = known.ToList();
        return $"{beginning} '{name}'.{Question(name, names)} {listTitle}: {string.Join(", ", names)}.";
    }

    private static int EditDistance(string a, string b)
    {
        int[] previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int[] current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[b.Length];
    }
}
