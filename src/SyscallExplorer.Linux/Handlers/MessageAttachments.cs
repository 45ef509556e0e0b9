using System.Buffers.Binary;
using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What goes with a message beside its bytes: descriptors and identities. man 3 cmsg, man 7 unix.</summary>
internal sealed class MessageAttachments(LinuxMachine machine, bool compat)
{
    private const int SocketLevel = 1;
    private const int RightsType = 1;
    private const int CredentialsType = 2;
    private const int MaxRights = 253;
    private const int MaxControl = 20_480;
    private const int DescriptorSize = 4;

    private int Word => compat ? 4 : 8;

    /// <summary>Bytes of <c>struct cmsghdr</c>.</summary>
    private int HeaderSize => Word + 2 * 4;

    /// <summary>Reads what a message is to be sent with.</summary>
    /// <returns>The message with it, or null with an error.</returns>
    public OutgoingMessage? Read(OutgoingMessage message, ulong address, ulong length, out long error)
    {
        error = 0;
        if (length == 0)
            return message;
        error = compat ? CheckFirst(address, length) : 0;
        if (error == 0 && length > MaxControl)
            error = -Errno.ENOBUFS;
        if (error != 0)
            return null;
        byte[] bytes = new byte[(int)length];
        if (!machine.Memory.TryRead(address, bytes))
        {
            error = -Errno.EFAULT;
            return null;
        }

        for (int at = 0; at + HeaderSize <= bytes.Length;)
        {
            ulong size = compat ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at)) : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            if (size < (ulong)HeaderSize || size > (ulong)(bytes.Length - at))
            {
                error = -Errno.EINVAL;
                return null;
            }

            int level = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + Word)), type = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + Word + 4));
            ReadOnlySpan<byte> data = bytes.AsSpan(at + HeaderSize, (int)size - HeaderSize);
            if (level == SocketLevel)
                error = type switch { RightsType => AddRights(ref message, data), CredentialsType => SetCredentials(ref message, data), _ => -Errno.EINVAL };
            if (error != 0)
                return null;
            at += Aligned((int)size);
        }

        error = !message.Rights.IsEmpty && (ulong)machine.Sockets.FilesInFlight > machine.Process.LimitOf(ResourceLimit.Files).Soft
            ? -Errno.ETOOMANYREFS : 0;
        return error == 0 ? message : null;
    }

    /// <summary>Tells a receiver what came with a message: descriptors are opened, as far as there is room to tell of them.</summary>
    /// <param name="message">The message.</param>
    /// <param name="address">Where to, or 0.</param>
    /// <param name="room">Bytes there.</param>
    /// <param name="passesCredentials">Whether the receiver asks for the sender's identity.</param>
    /// <param name="closeOnExec">For the new descriptors.</param>
    /// <param name="isCut">Whether not all could be told.</param>
    /// <returns>Bytes that were written.</returns>
    public ulong Tell(IncomingMessage message, ulong address, ulong room, bool passesCredentials, bool closeOnExec, out bool isCut)
    {
        isCut = false;
        ulong used = 0;
        if (passesCredentials)
            used += Put(address, room, CredentialsType, (message.Credentials ?? SocketCredentials.Unknown).Bytes, ref isCut);
        if (message.Rights.IsEmpty)
            return used;
        long left = (long)(address == 0 ? 0 : room - used);
        int most = (int)Math.Min(Math.Max(0, (left - HeaderSize) / DescriptorSize), message.Rights.Length);
        var descriptors = new List<byte>();
        foreach (int file in message.Rights.Take(most))
        {
            int descriptor = machine.Files.OpenAgain(file, closeOnExec);
            if (descriptor < 0)
                break;
            descriptors.AddRange(BitConverter.GetBytes(descriptor));
        }

        foreach (int file in message.Rights)
            machine.Files.Release(file);
        isCut |= descriptors.Count < message.Rights.Length * DescriptorSize;
        return descriptors.Count == 0 ? used : used + Put(address + used, room - used, RightsType, [.. descriptors], ref isCut);
    }

    /// <summary>A 32-bit program's messages are looked through before there is room for them, and there must be one.</summary>
    private long CheckFirst(ulong address, ulong length) =>
        length < (ulong)HeaderSize ? -Errno.EINVAL : machine.Memory.TryRead(address, new byte[HeaderSize]) ? 0 : -Errno.EFAULT;

    private long AddRights(ref OutgoingMessage message, ReadOnlySpan<byte> data)
    {
        if (message.Rights.Length + data.Length / DescriptorSize > MaxRights)
            return -Errno.EINVAL;
        var files = ImmutableArray.CreateBuilder<int>();
        for (int at = 0; at + DescriptorSize <= data.Length; at += DescriptorSize)
        {
            if (machine.Files.NumberOf(BinaryPrimitives.ReadInt32LittleEndian(data[at..])) is not { } file)
                return -Errno.EBADF;
            files.Add(file);
        }

        message = message with { Rights = message.Rights.AddRange(files) };
        return 0;
    }

    /// <summary>A program can tell its own identity only.</summary>
    private long SetCredentials(ref OutgoingMessage message, ReadOnlySpan<byte> data)
    {
        if (data.Length != SocketCredentials.Size)
            return -Errno.EINVAL;
        var given = new SocketCredentials(
            BinaryPrimitives.ReadInt32LittleEndian(data), BinaryPrimitives.ReadInt32LittleEndian(data[4..]), BinaryPrimitives.ReadInt32LittleEndian(data[8..]));
        message = message with { Credentials = given };
        return given == SocketCredentials.Of(machine.Process) ? 0 : -Errno.EPERM;
    }

    /// <summary>Writes a control message, or as much of it as there is room for.</summary>
    private ulong Put(ulong address, ulong room, int type, byte[] data, ref bool isCut)
    {
        if (address == 0 || room < (ulong)HeaderSize)
        {
            isCut = true;
            return 0;
        }

        int whole = HeaderSize + data.Length, size = (int)Math.Min((ulong)whole, room);
        isCut |= size < whole;
        byte[] bytes = [.. new CStructure(compat).Word(size).Int32(SocketLevel).Int32(type).Bytes, .. data];
        return machine.Memory.TryWrite(address, bytes.AsSpan(0, size)) ? Math.Min((ulong)Aligned(whole), room) : 0;
    }

    private int Aligned(int size) => (size + Word - 1) / Word * Word;
}
