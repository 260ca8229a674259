/* A datagram client: client-udp hostname port */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netdb.h>

void error(char *msg)
{
    perror(msg);
    exit(0);
}

int main(int argc, char *argv[])
{
    int sock, n;
    socklen_t length;
    struct sockaddr_in server, from;
    struct hostent *hp;
    char buffer[256];

    if (argc != 3) {
        printf("Usage: server port\n");
        exit(1);
    }
    sock = socket(AF_INET, SOCK_DGRAM, 0);
    if (sock < 0)
        error("socket");
    memset(&server, 0, sizeof(server));
    server.sin_family = AF_INET;
    hp = gethostbyname(argv[1]);
    if (hp == 0) {
        fprintf(stderr, "Unknown host\n");
        exit(0);
    }
    memcpy(&server.sin_addr, hp->h_addr, hp->h_length);
    server.sin_port = htons(atoi(argv[2]));
    length = sizeof(server);
    printf("Please enter the message: ");
    fflush(stdout);
    memset(buffer, 0, 256);
    fgets(buffer, 255, stdin);
    n = sendto(sock, buffer, strlen(buffer), 0, (struct sockaddr *) &server, length);
    if (n < 0)
        error("Sendto");
    length = sizeof(from);
    n = recvfrom(sock, buffer, 255, 0, (struct sockaddr *) &from, &length);
    if (n < 0)
        error("recvfrom");
    printf("Got an ack: ");
    fflush(stdout);
    write(1, buffer, n);
    close(sock);
    return 0;
}
