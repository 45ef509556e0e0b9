namespace SyscallExplorer.Linux;

/// <summary>Times that programs get from calls.</summary>
internal static class TimespecWriter
{
    private const int Wide = 8;
    private const long NanosecondsPerMicrosecond = 1000;

    /// <summary>A timespec.</summary>
    /// <param name="nanoseconds">The time.</param>
    /// <param name="word">Bytes of its seconds.</param>
    public static CStructure Write(long nanoseconds, int word) => Append(new CStructure(word < Wide), nanoseconds, 1);

    /// <summary>An itimerspec.</summary>
    /// <param name="setting">The time and the interval.</param>
    /// <param name="word">Bytes of its seconds.</param>
    public static CStructure Write(TimerSetting setting, int word) => Append(Write(setting.Interval, word), setting.Value, 1);

    /// <summary>An itimerval.</summary>
    /// <param name="setting">The time and the interval.</param>
    /// <param name="word">Bytes of its seconds.</param>
    public static CStructure WriteMicroseconds(TimerSetting setting, int word) =>
        Append(Append(new CStructure(word < Wide), setting.Interval, NanosecondsPerMicrosecond), setting.Value, NanosecondsPerMicrosecond);

    private static CStructure Append(CStructure structure, long nanoseconds, long nanosecondsPerUnit) =>
        structure.Word(nanoseconds / EmulatedTime.NanosecondsPerSecond).Word(nanoseconds % EmulatedTime.NanosecondsPerSecond / nanosecondsPerUnit);
}
