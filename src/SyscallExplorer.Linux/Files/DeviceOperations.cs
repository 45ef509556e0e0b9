namespace SyscallExplorer.Linux;

/// <summary>The memory devices: null, zero, full, random and urandom. drivers/char/mem.c and random.c have them in Linux.</summary>
internal sealed class DeviceOperations : FileOperations
{
    private const int Step = 1 << 16;
    private const long MaxRandom = (32 << 20) - 1;

    public static DeviceOperations Instance { get; } = new();

    public override bool HasPositions => true;

    public override long Read(FileRequest request, TransferBuffer destination, long? position)
    {
        DeviceNumber number = NumberOf(request.File.Object);
        if (number == DeviceNumber.Null)
            return 0;
        bool random = IsRandom(number);
        long wanted = Math.Min(destination.Length, random ? MaxRandom : destination.Length), done = 0;
        byte[] bytes = new byte[(int)Math.Min(wanted, Step)];
        while (done < wanted)
        {
            Span<byte> step = bytes.AsSpan(0, (int)Math.Min(Step, wanted - done));
            if (random)
                request.Machine.TakeRandom(step);
            int arrived = destination.Put(done, step);
            done += arrived;
            if (arrived < step.Length)
                break;
        }

        return done == 0 && wanted > 0 ? -Errno.EFAULT : done;
    }

    /// <summary>What is written to the random devices is taken, and changes nothing: their bytes follow from the seed alone.</summary>
    public override long Write(FileRequest request, TransferBuffer source, long? position) =>
        NumberOf(request.File.Object) == DeviceNumber.Full ? -Errno.ENOSPC : source.Length;

    public override long Seek(FileRequest request, long offset, SeekFrom whence)
    {
        DeviceNumber number = NumberOf(request.File.Object);
        return IsRandom(number) && whence is not (SeekFrom.Start or SeekFrom.Here or SeekFrom.End) ? -Errno.EINVAL : 0;
    }

    public override int Poll(LinuxMachine machine, OpenFile file) => PollEvents.AlwaysReady;

    public override bool TellsOfReadiness(OpenFile file) => NumberOf(file.Object) == DeviceNumber.Random;

    private static bool IsRandom(DeviceNumber number) => number == DeviceNumber.Random || number == DeviceNumber.UnseededRandom;

    private static DeviceNumber NumberOf(FileObject file) => ((DeviceFile)file).Number;
}
